"""Change notifications of Linux for the real folders below one folder.

Watches are placed through opened folders, so none is placed on the target of a symbolic link,
whatever others do to the tree at the same time.
"""

import ctypes
import errno
import os
import select
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from producer.watching.places import beneath
from producer.watching.places.folder_walk import MAX_FOLDERS, MAX_KEY_BYTES, may_be_document
from shared.domain.errors import NotFound

#: More folders than this are left to polling.
MAX_WATCHES = 50_000
#: How long one wait lasts, so that a stop is noticed.
WAIT_MS = 200
READ_BYTES = 64 * 1024
_CLOSE_WRITE, _ATTRIB, _CREATE = 0x8, 0x4, 0x100
_MOVED_FROM, _MOVED_TO, _DELETE_SELF = 0x40, 0x80, 0x400
_ONLYDIR, _IGNORED, _ISDIR = 0x0100_0000, 0x8000, 0x4000_0000
_MASK = _CLOSE_WRITE | _ATTRIB | _CREATE | _MOVED_FROM | _MOVED_TO | _DELETE_SELF | _ONLYDIR
_EVENT = struct.Struct("iIII")


class NoMoreWatches(OSError):
    """The kernel, or this watcher, allows no more watches."""


def is_supported() -> bool:
    """Whether this machine has inotify."""
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None), "inotify_init1")


class Inotify:
    """Watches of the folders below ``root``; used by one thread; raises OSError."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._handle = self._checked(self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
        #: The folder of each watch, relative to the root, with a final slash.
        self._folders: dict[int, str] = {}

    def close(self) -> None:
        """Remove all watches."""
        os.close(self._handle)

    def add_below(self, folder: str) -> Iterator[str]:
        """Watch ``folder`` ("" or with a final slash) and all below it; yields their files.

        Each watch is placed before its folder is listed, so a file is listed or reported. Raises
        NoMoreWatches.
        """
        pending = [folder]
        while pending:
            current = pending.pop()
            folders: list[str] = []
            try:
                yield from self._add(current, folders)
            except NoMoreWatches:
                raise
            except (NotFound, OSError):
                if not current:
                    raise
            pending.extend(folders)

    def changes(self) -> Iterator[str]:
        """Keys that changed, after a short wait for the first; also watches new folders."""
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        if poll.poll(WAIT_MS):
            for watch, mask, name in self._events():
                yield from self._keys(watch, mask, name)

    def _add(self, folder: str, folders: list[str]) -> Iterator[str]:
        if folder.count("/") > MAX_FOLDERS or len(folder.encode()) > MAX_KEY_BYTES:
            return
        with beneath.folder_of(self._root, f"{folder}name") as (handle, _):
            self._watch(handle, folder)
            with os.scandir(handle) as entries:
                for entry in entries:
                    if not may_be_document(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{folder}{entry.name}/")
                    elif entry.is_file(follow_symlinks=False):
                        yield folder + entry.name

    def _watch(self, handle: int, folder: str) -> None:
        if len(self._folders) >= MAX_WATCHES:
            raise NoMoreWatches(errno.ENOSPC, f"more than {MAX_WATCHES} folders")
        path = f"/proc/self/fd/{handle}".encode()
        watch = self._libc.inotify_add_watch(self._handle, path, _MASK)
        if watch < 0 and ctypes.get_errno() == errno.ENOSPC:
            raise NoMoreWatches(errno.ENOSPC, "the limit fs.inotify.max_user_watches is reached")
        self._folders[self._checked(watch)] = folder

    def _events(self) -> Iterator[tuple[int, int, str]]:
        data = os.read(self._handle, READ_BYTES)
        offset = 0
        while offset < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, offset)
            start = offset + _EVENT.size
            offset = start + length
            yield watch, mask, os.fsdecode(data[start:offset].rstrip(b"\0"))

    def _keys(self, watch: int, mask: int, name: str) -> Iterator[str]:
        if mask & _IGNORED:
            self._folders.pop(watch, None)
        folder = self._folders.get(watch)
        if folder is None or not name or not may_be_document(name):
            return
        if not mask & _ISDIR:
            if not mask & _MOVED_FROM:
                yield folder + name
        elif mask & _MOVED_FROM:
            self._forget_below(f"{folder}{name}/")
        else:
            yield from self.add_below(f"{folder}{name}/")

    def _forget_below(self, folder: str) -> None:
        """A folder was moved: its watches would report names that are no longer right."""
        for watch in [w for w, known in self._folders.items() if known.startswith(folder)]:
            del self._folders[watch]
            self._libc.inotify_rm_watch(self._handle, watch)

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result


@contextmanager
def opened(root: Path) -> Iterator[Inotify]:
    """Watches that exist while the block runs."""
    inotify = Inotify(root)
    try:
        yield inotify
    finally:
        inotify.close()


def watch_folder(
    root: Path, is_stopped: Callable[[], bool], report: Callable[[Exception], None]
) -> Iterator[str]:
    """Yields keys below ``root`` that may be new, until the stop; raises OSError, NotFound."""
    with opened(root) as inotify:
        steps: Iterator[Iterator[str]] = _steps(inotify)
        while not is_stopped():
            try:
                yield from next(steps)
            except NoMoreWatches as error:
                report(OSError(error.errno, f"{error.strerror}: polling covers the other folders"))


def _steps(inotify: Inotify) -> Iterator[Iterator[str]]:
    yield inotify.add_below("")
    while True:
        yield inotify.changes()
