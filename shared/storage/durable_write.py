"""Writes whole files: each appears complete and durable, or not at all.

A file is filled under a random name in one folder of the same file system, synced, and then
linked (first writer wins) or renamed (last writer wins) to its place.
"""

import errno
import os
import random
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
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
#: Names of temporary files, without a system call for each of them.
_names = random.Random()  # noqa: S311  # in a folder of this user; they need not be secret
os.register_at_fork(after_in_child=_names.seed)
#: Gives a temporary file its name in the open folder.
_Place = Callable[[str, str, int], object]


def accept_folder(_handle: int, _folder: str) -> None:
    """The check of a writer that writes below a folder of its own."""


class DurableWriter:
    """Fills files in the folder ``temporary``, which is created when first needed.

    The umask decides who may read them, unless they are ``private``. ``check`` gets the handle and
    the path of each folder that gets a file, and raises OSError or an error of its own.
    """

    def __init__(
        self,
        temporary: Path,
        *,
        private: bool = False,
        check: Callable[[int, str], None] = accept_folder,
    ) -> None:
        self._temporary = temporary
        self._file_mode = FILE_MODE if private else 0o666
        self._folder_mode = FOLDER_MODE if private else 0o777
        self._check = check

    def create(self, path: Path, content: bytes | Fill) -> None:
        """Create ``path``; raises FileExistsError where it exists, other OSErrors as they occur."""
        _remove(self._write(path, content, _link, must_be_new=True))

    def replace(self, path: Path, content: bytes | Fill) -> None:
        """Create or replace ``path``; raises OSError."""
        self._write(path, content, _rename)

    def probe(self) -> None:
        """Write and remove a small file; raises OSError."""
        _remove(self._filled(b"pagefleet", is_synced=False))

    def remove_leftovers(self, older_than_s: float = LEFTOVER_S) -> None:
        """Remove the temporary files of killed writers."""
        with suppress(FileNotFoundError):
            for path in list(self._temporary.iterdir()):
                if time.time() - path.lstat().st_mtime > older_than_s:
                    path.unlink(missing_ok=True)

    def _write(
        self, path: Path, content: bytes | Fill, place: _Place, *, must_be_new: bool = False
    ) -> str:
        """Returns the temporary file, which is there unless ``place`` moved it."""
        folder, _, name = str(path).rpartition("/")
        handle = self._open_folder(folder)
        try:
            # Checked first, because the loser of a race would pay for a synced file.
            if must_be_new and _exists(name, handle):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
            temporary = self._filled(content)
            try:
                self._put_in_place(temporary, folder, name, handle, place)
            except BaseException:
                _remove(temporary)
                raise
            return temporary
        finally:
            os.close(handle)

    def _put_in_place(
        self, temporary: str, folder: str, name: str, handle: int, place: _Place
    ) -> None:
        """Call ``place`` and make the new name durable; ``handle`` is the open folder."""
        for _ in range(_FOLDER_TRIES):
            try:
                place(temporary, name, handle)
                # Only this makes the name as durable as the bytes.
                os.fsync(handle)
                return
            except FileNotFoundError:
                again = self._open_folder(folder)
                os.dup2(again, handle, inheritable=False)
                os.close(again)
        raise _stale(folder)

    def _open_folder(self, folder: str) -> int:
        """A handle of ``folder``, which is created where it is missing."""
        for _ in range(_FOLDER_TRIES):
            try:
                handle = os.open(folder, _FOLDER_FLAGS)
            except FileNotFoundError:
                _make_folder(Path(folder), self._folder_mode)
                continue
            try:
                self._check(handle, folder)
            except BaseException:
                os.close(handle)
                raise
            return handle
        raise _stale(folder)

    def _filled(self, content: bytes | Fill, *, is_synced: bool = True) -> str:
        """A new temporary file with this content."""
        path = f"{self._temporary}/{_names.getrandbits(96):024x}"
        handle = self._open_new(path)
        try:
            try:
                _fill(handle, content)
                if is_synced:
                    os.fsync(handle)
            finally:
                os.close(handle)
        except BaseException:
            _remove(path)
            raise
        return path

    def _open_new(self, path: str) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            return os.open(path, flags, self._file_mode)
        except FileNotFoundError:
            _make_folder(self._temporary.parent, self._folder_mode)
            make_private_folder(self._temporary)
            return os.open(path, flags, self._file_mode)


def _fill(handle: int, content: bytes | Fill) -> None:
    if not isinstance(content, bytes):
        with open(handle, "wb", closefd=False) as file:
            content(file)
        return
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _link(temporary: str, name: str, folder: int) -> None:
    os.link(temporary, name, dst_dir_fd=folder)


def _rename(temporary: str, name: str, folder: int) -> None:
    os.replace(temporary, name, dst_dir_fd=folder)


def _exists(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108  # a Path costs as much as the call


def _stale(folder: str) -> OSError:
    return OSError(errno.ESTALE, "the folder is deleted again and again", folder)


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
    handle = os.open(folder, _FOLDER_FLAGS)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
