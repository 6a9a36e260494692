"""The documents of jobs on this host: fetched once, checked, bounded in bytes.

Threads and processes of one host share the folder. A file in it is complete and has the
content that its name says; whoever reads it holds a shared lock on it, and only a file that
nobody holds is removed.
"""

import fcntl
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shared.domain.errors import CorruptDocument, StoreUnreachable
from shared.storage.store import ObjectStore

DOWNLOAD_TRIES = 2
#: A use is noted at most this often; the order of eviction needs no more.
TOUCH_S = 10.0
#: Bytes of the disk that the cache leaves free whatever it is allowed.
SPARE_BYTES = 64 * 1024 * 1024
LOCKS = "locks"
_NAME = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,8}", re.ASCII)


@dataclass(frozen=True, order=True)
class _Entry:
    """A file of the cache: last use in seconds since the epoch, bytes."""

    used: float
    path: Path
    size: int


class SourceCache:
    """Sources of ``store`` in ``folder``: at most ``max_bytes``, or what is in use."""

    def __init__(self, store: ObjectStore, folder: Path, max_bytes: int) -> None:
        self._store = store
        self._folder = folder
        self._max_bytes = max_bytes

    @contextmanager
    def fetch(self, key: str, sha256: str, ext: str, bytes_: int) -> Iterator[Path]:
        """A local file with the document, which stays while the context is open.

        ``sha256`` is lower-case hex and ``bytes_`` the size, both from the manifest.
        Raises NotFound, CorruptDocument, StoreUnreachable.
        """
        local = self._store.local_path(key)
        if local is not None:
            if self._store.size(key) != bytes_:
                raise _changed(key)
            yield local
            return
        path = self._path(sha256, ext)
        with self._explained():
            handle = _hold(path, bytes_)
            if handle is None:
                handle = self._fetch(key, path, sha256, bytes_)
        try:
            yield path
        finally:
            os.close(handle)
            if bytes_ > self._max_bytes:
                with suppress(OSError):  # the next download makes room as well
                    self._make_room(0)

    def _path(self, sha256: str, ext: str) -> Path:
        name = f"{sha256}.{ext}"
        # Both come from a manifest and are about to become a path.
        if _NAME.fullmatch(name) is None:
            raise CorruptDocument(f"{name[:90]!r} names no content")
        return self._folder / name

    def _fetch(self, key: str, path: Path, sha256: str, bytes_: int) -> int:
        """Download unless somebody else just did; returns the held file's descriptor."""
        with self._single_flight(path.name, wait=True):
            held = _hold(path, bytes_)
            if held is None:
                self._make_room(bytes_, fetching=path.name)
                held = self._download(key, path, sha256)
                self._make_room(0)
            return held

    def _download(self, key: str, path: Path, sha256: str) -> int:
        incoming = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        try:
            for _ in range(DOWNLOAD_TRIES):
                self._store.download(key, incoming)
                if _digest(incoming) == sha256:
                    # Held before it has its name, so that no evictor comes in between.
                    handle = _locked(incoming, fcntl.LOCK_SH)
                    incoming.replace(path)
                    return handle
        finally:
            incoming.unlink(missing_ok=True)
        raise _changed(key)

    @contextmanager
    def _single_flight(self, name: str, *, wait: bool) -> Iterator[None]:
        """Hold the right to download files like ``name``; BlockingIOError where not waiting."""
        # Lock files are few and never removed: removing one would let two in.
        lock = self._folder / LOCKS / name[:2]
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield
        finally:
            os.close(handle)

    def _make_room(self, incoming: int, fetching: str = "") -> None:
        """Remove leftovers, then what was not used for longest, until ``incoming`` bytes fit."""
        entries = self._entries()
        for entry in entries:
            if entry.path.name.startswith("."):
                self._remove_leftover(entry.path, fetching)
        files = sorted(entry for entry in entries if not entry.path.name.startswith("."))
        excess = sum(entry.size for entry in files) + incoming - self._max_bytes
        excess = max(excess, incoming + SPARE_BYTES - _free_bytes(self._folder))
        for entry in files:
            if excess <= 0:
                return
            if _evict(entry.path):
                excess -= entry.size

    def _entries(self) -> list[_Entry]:
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if entry.is_file(follow_symlinks=False):
                        seen = entry.stat(follow_symlinks=False)
                        found.append(_Entry(seen.st_mtime, self._folder / entry.name, seen.st_size))
        return found

    def _remove_leftover(self, path: Path, fetching: str) -> None:
        """Remove a partial download, but not that of somebody who is at it."""
        name = path.name.lstrip(".")
        if name[:2] == fetching[:2]:
            path.unlink(missing_ok=True)
            return
        with suppress(BlockingIOError), self._single_flight(name, wait=False):
            path.unlink(missing_ok=True)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreUnreachable(f"can't use the cache {self._folder}: {reason}") from error


def _changed(key: str) -> CorruptDocument:
    return CorruptDocument(f"{key} in the store is not the document that was submitted")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _locked(path: Path, operation: int) -> int:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, operation)
    except OSError:
        os.close(handle)
        raise
    return handle


def _hold(path: Path, bytes_: int) -> int | None:
    """A descriptor that keeps ``path`` from being evicted; None where it must be fetched."""
    try:
        handle = _locked(path, fcntl.LOCK_SH)
    except FileNotFoundError:
        return None
    seen = os.fstat(handle)
    # It may have been evicted while we waited, or cut short by a power loss.
    if seen.st_nlink == 0 or seen.st_size != bytes_:
        os.close(handle)
        return None
    if time.time() - seen.st_mtime > TOUCH_S:
        with suppress(PermissionError):
            os.utime(handle)
    return handle


def _evict(path: Path) -> bool:
    """Remove ``path`` unless somebody on this host reads it."""
    try:
        handle = _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (FileNotFoundError, BlockingIOError):
        return False
    try:
        # Without a name it was evicted already, and ``path`` may be somebody's new download.
        if os.fstat(handle).st_nlink > 0:
            path.unlink(missing_ok=True)
    finally:
        os.close(handle)
    return True


def _free_bytes(folder: Path) -> int:
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize
