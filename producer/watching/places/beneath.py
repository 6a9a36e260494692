"""Opens files below a folder without following symbolic links."""

import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from producer.watching.places.place import UnusableName
from shared.domain.errors import NotFound, StoreUnreachable

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: NONBLOCK: opening a named pipe must not block.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotAFile(NotFound):
    """The name belongs to a folder, link, pipe or device."""


def parts_of(key: str) -> tuple[str, ...]:
    """The path components of ``key``; raises UnusableName for one that could lead outside."""
    parts = tuple(key.split("/"))
    for part in parts:
        if part in ("", ".", "..") or "\0" in part or _length(part) > 255:
            raise UnusableName(f"{key[:80]!r} can't be the name of a file")
    return parts


def _length(part: str) -> float:
    try:
        return len(os.fsencode(part))
    except UnicodeEncodeError:  # no file can have this name
        return math.inf


@contextmanager
def folder_of(root: Path, key: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """Yields (open folder, file name) of ``key`` below ``root``; raises NotFound, OSError."""
    *folders, name = parts_of(key)
    handle = _open_root(root)
    try:
        for folder in folders:
            handle = _step(handle, folder, make)
        yield handle, name
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"{key} does not exist in {root}") from error
    finally:
        os.close(handle)


def _open_root(root: Path) -> int:
    try:
        return os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError as error:  # unlike below the root, no file can be used then
        raise StoreUnreachable(
            f"can't use {root}: {error.strerror}; check its permissions"
        ) from error


def _step(handle: int, folder: str, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(folder, dir_fd=handle)
    below = os.open(folder, _FOLDER, dir_fd=handle)
    os.close(handle)
    return below


@contextmanager
def opened(root: Path, key: str) -> Iterator[int]:
    """Yields a descriptor of the regular file ``key``; raises NotFound, OSError."""
    with folder_of(root, key) as (folder, name):
        handle = os.open(name, _FILE, dir_fd=folder)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise NotAFile(f"{key} in {root} is not a file")
            yield handle
        finally:
            os.close(handle)
