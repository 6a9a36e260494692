"""Creates folders and files that other users can't read, whatever the umask allows."""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def make_private_folder(folder: Path) -> None:
    """Create ``folder`` and its missing parents; raises OSError."""
    with suppress(FileExistsError):
        if not folder.parent.is_dir():
            make_private_folder(folder.parent)
        # Not repeated: a virtual file system such as /proc reports a missing parent each time.
        folder.mkdir(FOLDER_MODE)
    if not folder.is_dir():
        raise NotADirectoryError(20, "is not a folder", str(folder))


def private_opener(path: str, flags: int) -> int:
    """The ``opener`` of ``open`` for a file that only this user may read."""
    return os.open(path, flags, FILE_MODE)


def create_private(path: Path) -> BinaryIO:
    """Open an empty file for bytes that only this user may read; raises OSError."""
    return open(path, "wb", opener=private_opener)
