"""A server with the APIs of S3, SQS and CloudFormation, including S3 events to SQS."""

import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3.session
from botocore.config import Config

from tests.support.servers.processes import free_ports, kill, spawn, wait_ready

REGION = "eu-west-1"


class Moto:
    """A running moto on the loopback interface; it dies with the process that started it."""

    def __init__(self, folder: Path) -> None:
        (port,) = free_ports(1)
        self.endpoint = f"http://127.0.0.1:{port}"
        words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        self._process = spawn(words, folder / "moto.log", {"AWS_DEFAULT_REGION": REGION})
        wait_ready(self._process, self._answers)

    def stop(self) -> None:
        """Kill it."""
        kill(self._process)

    def client(self, service: str) -> Any:
        """A client of one of its services."""
        session: Any = boto3.session.Session()  # the stubs know the services of this project only
        return session.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(connect_timeout=2, read_timeout=10),
        )

    def _answers(self) -> bool:
        with suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"{self.endpoint}/moto-api/", timeout=2).close()
            return True
        return False
