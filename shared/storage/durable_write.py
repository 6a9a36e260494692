"""Writes whole files: each appears complete and durable, or not at all.

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

from shared.config.private_files import FILE_MODE, FOLDER_MODE, make_private_folder

Fill = Callable[[BinaryIO], object]
#: A temporary file that is unchanged for this many seconds has lost its writer.
LEFTOVER_S = 24 * 3600
#: How often a write is tried where a concurrent clean-up removes its folder.
_FOLDER_TRIES = 50


class DurableWriter:
    """Fills files in the folder ``temporary``, which is created when first needed.

    The umask decides who may read them, unless they are ``private``.
    """

    def __init__(self, temporary: Path, *, private: bool = False) -> None:
        self._temporary = temporary
        self._file_mode = FILE_MODE if private else 0o666
        self._folder_mode = FOLDER_MODE if private else 0o777

    def create(self, path: Path, fill: Fill) -> None:
        """Create ``path``; raises FileExistsError where it exists, other OSErrors as they occur."""
        temporary = self._write(path, fill, path.hardlink_to)
        temporary.unlink(missing_ok=True)

    def replace(self, path: Path, fill: Fill) -> None:
        """Create or replace ``path``; raises OSError."""
        self._write(path, fill, lambda temporary: temporary.replace(path))

    def probe(self) -> None:
        """Write and remove a small file; raises OSError."""
        path = self._temporary / secrets.token_hex(12)
        try:
            with self._open_new(path) as file:
                file.write(b"pagefleet")
        finally:
            path.unlink(missing_ok=True)

    def remove_leftovers(self, older_than_s: float = LEFTOVER_S) -> None:
        """Remove the temporary files of killed writers."""
        with suppress(FileNotFoundError):
            for path in list(self._temporary.iterdir()):
                if time.time() - path.lstat().st_mtime > older_than_s:
                    path.unlink(missing_ok=True)

    def _write(self, path: Path, fill: Fill, put_in_place: Callable[[Path], object]) -> Path:
        """Returns the temporary file, which is there unless ``put_in_place`` moved it."""
        temporary = self._temporary / secrets.token_hex(12)
        try:
            with self._open_new(temporary) as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            _in_folder(path.parent, self._folder_mode, lambda: put_in_place(temporary))
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return temporary

    def _open_new(self, path: Path) -> BinaryIO:
        try:
            return open(path, "xb", opener=self._opener)
        except FileNotFoundError:
            _make_folder(self._temporary.parent, self._folder_mode)
            make_private_folder(self._temporary)
            return open(path, "xb", opener=self._opener)

    def _opener(self, path: str, flags: int) -> int:
        return os.open(path, flags, self._file_mode)


def _in_folder(folder: Path, mode: int, put_in_place: Callable[[], object]) -> None:
    """Call ``put_in_place`` and make its new name durable; creates a missing ``folder``."""
    for _ in range(_FOLDER_TRIES):
        try:
            put_in_place()
            # Only this makes the name as durable as the bytes.
            sync_folder(folder)
            return
        except FileNotFoundError:
            _make_folder(folder, mode)
    raise OSError(errno.ESTALE, "the folder is deleted again and again", str(folder))


def _make_folder(folder: Path, mode: int) -> None:
    """Create ``folder``, or the first of its parents that is missing; the caller tries again."""
    with suppress(FileExistsError):
        try:
            folder.mkdir(mode)
        except FileNotFoundError:
            _make_folder(folder.parent, mode)
            return
        # A parent that was deleted meanwhile is created by the caller's next attempt.
        with suppress(FileNotFoundError):
            sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable; raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
