"""Writes whole files: complete, synced and under their name at once, or not at all.

A file is filled under a random name in one folder of the same file system, synced, and then
linked (first writer wins) or renamed (last writer wins) to its place.
"""

import errno
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

Fill = Callable[[BinaryIO], object]
#: A temporary file that nobody has written to for so long has lost its writer.
LEFTOVER_S = 24 * 3600
#: Tries of a write whose folder a concurrent clean-up removes each time.
_FOLDER_TRIES = 50


class DurableWriter:
    """Fills files in ``temporary``, which is made when it is first needed."""

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary

    def create(self, path: Path, fill: Fill) -> None:
        """Make ``path``; raises FileExistsError where it exists, OSError as it comes."""
        self._write(path, fill, lambda temporary: path.hardlink_to(temporary))

    def replace(self, path: Path, fill: Fill) -> None:
        """Make or replace ``path``; raises OSError as it comes."""
        self._write(path, fill, lambda temporary: temporary.replace(path))

    def probe(self) -> None:
        """Write and remove a small file; raises OSError."""
        path = self._temporary / secrets.token_hex(12)
        try:
            with self._created(path) as file:
                file.write(b"pagefleet")
        finally:
            path.unlink(missing_ok=True)

    def remove_leftovers(self, older_than_s: float = LEFTOVER_S) -> None:
        """Remove what killed writers left behind."""
        with suppress(FileNotFoundError):
            for path in list(self._temporary.iterdir()):
                if time.time() - path.lstat().st_mtime > older_than_s:
                    path.unlink(missing_ok=True)

    def _write(self, path: Path, fill: Fill, settle: Callable[[Path], object]) -> None:
        temporary = self._temporary / secrets.token_hex(12)
        try:
            with self._created(temporary) as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            _in_folder(path.parent, lambda: settle(temporary))
        finally:
            temporary.unlink(missing_ok=True)

    def _created(self, path: Path) -> BinaryIO:
        try:
            return path.open("xb")
        except FileNotFoundError:
            self._temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
            return path.open("xb")


def _in_folder(folder: Path, settle: Callable[[], object]) -> None:
    """Call ``settle``, making ``folder`` as often as it is missing, and make it last."""
    for _ in range(_FOLDER_TRIES):
        try:
            settle()
            # The name is as durable as the bytes only after this.
            sync_folder(folder)
            return
        except FileNotFoundError:
            _make_folder(folder)
    raise OSError(errno.ESTALE, "the folder vanishes again and again", str(folder))


def _make_folder(folder: Path) -> None:
    with suppress(FileExistsError):
        try:
            folder.mkdir()
        except FileNotFoundError:
            _make_folder(folder.parent)
            return
        # A parent that is gone again is made by the caller's next try.
        with suppress(FileNotFoundError):
            sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable; raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
