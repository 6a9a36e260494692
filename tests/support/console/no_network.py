"""Runs a command in a network of its own that holds nothing but the loopback device.

python tests/support/console/no_network.py COMMAND...   inside ``unshare --net`` (see ``prefix``)
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_WAYS = (["unshare", "--net"], ["unshare", "--map-root-user", "--net"])


def prefix() -> list[str] | None:
    """What to put before a command; None where this machine does not permit it."""
    if shutil.which("unshare") is None:
        return None
    for way in _WAYS:
        command = [*way, sys.executable, __file__]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return None


def main() -> None:
    """Bring the loopback device up, then become the command."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
