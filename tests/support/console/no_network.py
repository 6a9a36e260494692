"""Runs a command in a network namespace that has only the loopback device.

Run it inside ``unshare --net``, see ``prefix``:
python tests/support/console/no_network.py COMMAND...
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_UNSHARE_COMMANDS = (["unshare", "--net"], ["unshare", "--map-root-user", "--net"])


def prefix() -> list[str] | None:
    """The words to put before a command; None where this machine does not permit it."""
    if shutil.which("unshare") is None:
        return None
    for unshare in _UNSHARE_COMMANDS:
        command = [*unshare, sys.executable, __file__]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return None


def main() -> None:
    """Bring the loopback device up, then execute the command."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
