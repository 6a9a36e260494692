"""Folders in folders, deeper than paths and recursion allow."""

import os
import subprocess
from pathlib import Path


def nested(root: Path, count: int, name: str = "n") -> None:
    """Make ``count`` folders, each in the one before, and a file in the last one."""
    handle = os.open(root, os.O_RDONLY)
    for _ in range(count):
        os.mkdir(name, dir_fd=handle)
        below = os.open(name, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(os.open("deep.pdf", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    os.close(handle)


def remove_deep(root: Path) -> None:
    """Remove such folders, which pytest can't remove."""
    subprocess.run(["rm", "-rf", str(root)], check=True)
