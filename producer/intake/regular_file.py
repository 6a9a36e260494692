"""Reads local files of folders in which others may write."""

import errno
import os
import stat
from pathlib import Path


def read_regular(path: Path, limit: int) -> bytes:
    """At most ``limit`` bytes of a file; raises OSError where it is no regular file."""
    with open(path, "rb", opener=_opener) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a file", str(path))
        return file.read(limit)


def _opener(path: str, flags: int) -> int:
    # NONBLOCK: a pipe in place of a file must not block the command forever.
    return os.open(path, flags | os.O_NONBLOCK)
