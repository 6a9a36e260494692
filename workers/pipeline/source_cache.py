"""Caches the documents of jobs on this host: downloaded once, verified, bounded in bytes.

Threads and processes of one host share the folder. Each file in it is complete and its name
contains its SHA-256. A reader holds a shared lock on the file, and only unlocked files are
removed.
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

from shared.config.private_files import make_private_folder
from shared.domain.errors import CorruptDocument, StoreUnreachable
from shared.storage.content_digest import VERIFIED
from shared.storage.store import ObjectStore

DOWNLOAD_TRIES = 2
#: Seconds between two updates of a file's time of use, which orders the eviction.
TOUCH_S = 10.0
#: Bytes of the disk that the cache leaves free, whatever its limit is.
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
    """Caches sources of ``store`` in ``folder``: at most ``max_bytes``, or what is in use."""

    def __init__(self, store: ObjectStore, folder: Path, max_bytes: int) -> None:
        self._store = store
        self._folder = folder
        self._max_bytes = max_bytes

    @contextmanager
    def fetch(self, key: str, sha256: str, ext: str, bytes_: int) -> Iterator[Path]:
        """A local file with the document, which is not removed while the block runs.

        ``sha256`` is lower-case hex and ``bytes_`` the size, both from the manifest.
        Raises NotFound, CorruptDocument, StoreUnreachable.
        """
        local = self._store.local_path(key)
        if local is not None:
            self._verify(key, local, sha256, bytes_)
            yield local
            return
        path = self._path(sha256, ext)
        with self._as_store_error():
            handle = _hold(path, bytes_)
            if handle is None:
                handle = self._fetch(key, path, sha256, bytes_)
        try:
            yield path
        finally:
            os.close(handle)
            if bytes_ > self._max_bytes:
                with suppress(OSError):  # the next download tries again
                    self._make_room(0)

    def _verify(self, key: str, local: Path, sha256: str, bytes_: int) -> None:
        """Compare a document that is read in place; each version of it is hashed only once."""
        if VERIFIED.knows(local, sha256, bytes_):
            return
        # The size is the cheaper check, and raises NotFound where there is no object.
        same_size = self._store.size(key) == bytes_
        with _read_errors(key):
            if not same_size or not VERIFIED.matches(local, sha256):
                raise _changed(key)

    def _path(self, sha256: str, ext: str) -> Path:
        name = f"{sha256}.{ext}"
        # Both come from a manifest, so check them before they become a path.
        if _NAME.fullmatch(name) is None:
            raise CorruptDocument(f"{name[:90]!r} names no content")
        return self._folder / name

    def _fetch(self, key: str, path: Path, sha256: str, bytes_: int) -> int:
        """Download unless another process just did; returns the locked file's descriptor."""
        with self._download_lock(path.name, wait=True):
            handle = _hold(path, bytes_)
            if handle is None:
                self._make_room(bytes_, fetching=path.name)
                handle = self._download(key, path, sha256)
                self._make_room(0)
            return handle

    def _download(self, key: str, path: Path, sha256: str) -> int:
        incoming = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        try:
            for _ in range(DOWNLOAD_TRIES):
                self._store.download(key, incoming)
                if _digest(incoming) == sha256:
                    # Locked before it gets its name, so that no other process evicts it in between.
                    handle = _locked(incoming, fcntl.LOCK_SH)
                    incoming.replace(path)
                    return handle
        finally:
            incoming.unlink(missing_ok=True)
        raise _changed(key)

    @contextmanager
    def _download_lock(self, name: str, *, wait: bool) -> Iterator[None]:
        """Hold the download lock of ``name``; raises BlockingIOError if taken and not ``wait``."""
        # Lock files are never removed: two processes could then hold the lock at once.
        lock = self._folder / LOCKS / name[:2]
        make_private_folder(lock.parent)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield
        finally:
            os.close(handle)

    def _make_room(self, incoming: int, fetching: str = "") -> None:
        """Remove leftovers, then the least recently used files, until ``incoming`` bytes fit."""
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
        result = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        path = self._folder / entry.name
                        result.append(_Entry(status.st_mtime, path, status.st_size))
        return result

    def _remove_leftover(self, path: Path, fetching: str) -> None:
        """Remove a partial download, unless another process is still downloading it."""
        name = path.name.lstrip(".")
        if name[:2] == fetching[:2]:
            path.unlink(missing_ok=True)
            return
        with suppress(BlockingIOError), self._download_lock(name, wait=False):
            path.unlink(missing_ok=True)

    @contextmanager
    def _as_store_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreUnreachable(f"can't use the cache {self._folder}: {reason}") from error


@contextmanager
def _read_errors(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreUnreachable(f"can't read {key} in the store: {reason}") from error


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
    """A descriptor that protects ``path`` from eviction; None where it must be downloaded."""
    try:
        handle = _locked(path, fcntl.LOCK_SH)
    except FileNotFoundError:
        return None
    status = os.fstat(handle)
    # It may have been evicted before the lock was granted, or truncated by a power loss.
    if status.st_nlink == 0 or status.st_size != bytes_:
        os.close(handle)
        return None
    if time.time() - status.st_mtime > TOUCH_S:
        with suppress(PermissionError):
            os.utime(handle)
    return handle


def _evict(path: Path) -> bool:
    """Remove ``path`` unless a process on this host reads it; returns whether it was free."""
    try:
        handle = _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (FileNotFoundError, BlockingIOError):
        return False
    try:
        # Without a link it was evicted already, and ``path`` may be a new download.
        if os.fstat(handle).st_nlink > 0:
            path.unlink(missing_ok=True)
    finally:
        os.close(handle)
    return True


def _free_bytes(folder: Path) -> int:
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize
