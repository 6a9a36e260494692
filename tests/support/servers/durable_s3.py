"""A real S3 service that a test may kill and start again on the same address and files."""

import secrets
from pathlib import Path

from tests.support.servers.processes import S3Server, free_ports, start_s3_again

PORTS = 10


class DurableS3:
    """One SeaweedFS; ``kill`` is SIGKILL, ``start`` finds what was written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = free_ports(PORTS)
        self._keys = secrets.token_hex(8), secrets.token_hex(16)
        self.server: S3Server | None = None

    def start(self) -> S3Server:
        """Start and wait until it accepts objects."""
        self.server = start_s3_again(self._folder, self._ports, self._keys)
        return self.server

    def kill(self) -> None:
        """Kill it by SIGKILL, so that it writes nothing more."""
        if self.server is not None:
            self.server.stop()
