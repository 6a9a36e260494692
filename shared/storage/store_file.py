"""The object store in a local folder, with the guarantees of S3: atomic, first writer wins."""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import accumulate, islice
from pathlib import Path
from typing import BinaryIO

from shared.config.private_files import private_opener
from shared.domain.errors import NotFound, StoreFull, StoreUnreachable, TooLarge
from shared.domain.object_keys import check_folder, check_key, check_prefix, is_key
from shared.storage.content_digest import VerifiedReader, opened
from shared.storage.durable_write import DurableWriter, sync_folder

#: Below the root; keys can't begin with a dot, so it is never listed.
TEMPORARY = ".tmp"
CHUNK = 1 << 20
_NO_OBJECT = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO)
#: NONBLOCK: a pipe in place of an object must not block the reader forever.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
#: Other systems than Linux have no O_PATH.
_LOOK = getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC
_FULL = (errno.ENOSPC, errno.EDQUOT)
_ADVICE = {
    errno.ENOSPC: "free some space or choose another PAGEFLEET_STORE",
    errno.EDQUOT: "free some of the quota or choose another PAGEFLEET_STORE",
    errno.EACCES: "give this user access or choose another PAGEFLEET_STORE",
    errno.EPERM: "give this user access or choose another PAGEFLEET_STORE",
    errno.EROFS: "choose a writable PAGEFLEET_STORE",
}


class FileStore:
    """Objects as files below ``root``, which is created on the first write.

    Others may read what the umask lets them, unless the store is ``private``.
    """

    def __init__(self, root: Path, *, private: bool = False) -> None:
        self._root = Path(os.path.realpath(root))
        self._writer = DurableWriter(
            self._root / TEMPORARY, private=private, check=self._check_folder
        )
        self.url = self._root.as_uri()

    def get(self, key: str, limit: int | None = None) -> bytes:
        """See ObjectStore."""
        handle, size = self._open(key)
        try:
            if limit is not None and size > limit:
                raise TooLarge(f"{key} in {self.url} has {size} bytes; at most {limit} are read")
            with _explained(self._root / key, "read"):
                return _read(handle, size)
        finally:
            os.close(handle)

    def put(self, key: str, data: bytes) -> None:
        """See ObjectStore."""
        path = self._root / check_key(key)
        with _explained(path, "write"):
            self._writer.replace(path, data)

    def put_new(self, key: str, data: bytes) -> bool:
        """See ObjectStore."""
        path = self._root / check_key(key)
        with _explained(path, "write"), suppress(FileExistsError):
            self._writer.create(path, data)
            return True
        return False

    def put_file(self, key: str, file: Path | BinaryIO, sha256: str) -> None:
        """See ObjectStore."""
        target = self._root / check_key(key)
        with opened(file) as source, _explained(target, "write"):
            reader = VerifiedReader(source, sha256)
            self._writer.replace(target, lambda copy: shutil.copyfileobj(reader, copy, CHUNK))

    def download(self, key: str, path: Path) -> None:
        """See ObjectStore."""
        partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        handle, _ = self._open(key)
        with os.fdopen(handle, "rb") as source, _explained(path, "write"):
            try:
                with open(partial, "xb", opener=private_opener) as file:
                    shutil.copyfileobj(source, file, CHUNK)
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)

    def local_path(self, key: str) -> Path | None:
        """See ObjectStore."""
        return self._path(key)

    def exists(self, key: str) -> bool:
        """See ObjectStore."""
        return self._size(key) is not None

    def size(self, key: str) -> int:
        """See ObjectStore."""
        size = self._size(key)
        if size is None:
            raise NotFound(f"there is no {key} in {self.url}")
        return size

    def list(self, prefix: str, start_after: str = "", limit: int | None = None) -> Iterator[str]:
        """See ObjectStore."""
        folder = check_prefix(prefix)[: prefix.rfind("/") + 1]
        return islice(self._walk(folder, prefix, start_after), limit)

    def stamped(self, prefix: str) -> Iterator[tuple[str, str]]:
        """See ObjectStore."""
        for key in self.list(prefix):
            with suppress(FileNotFoundError):
                status = (self._root / key).lstat()
                yield key, f"{status.st_mtime_ns}-{status.st_size}-{status.st_ino}"

    def folders(self, prefix: str) -> Iterator[str]:
        """See ObjectStore."""
        names = self._names(check_folder(prefix))
        return (name[:-1] for name in names if name[-1] == "/")

    def delete(self, keys: Iterable[str]) -> None:
        """See ObjectStore."""
        folders: set[Path] = set()
        for key in keys:
            path = self._path(key)
            # A file below an object's name, or in place of its folder, is not an object.
            with _explained(path, "remove"), suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()
                folders.add(path.parent)
        for folder in sorted(folders, reverse=True):
            self._prune(folder)

    def copy_from(self, uri: str, key: str, etag: str | None = None) -> bool:
        """Always False: a folder has no service that copies by itself."""
        return False

    def check(self) -> None:
        """See ObjectStore."""
        with _explained(self._root, "write"):
            self._writer.probe()
            self._writer.remove_leftovers()

    def _path(self, key: str) -> Path:
        path = self._root / check_key(key)
        self._unlinked(path.parent)
        return path

    def _check_folder(self, handle: int, folder: str) -> None:
        """Raise StoreUnreachable where a link led to the folder that is open as ``handle``."""
        if not _is_at(handle, folder):
            self._unlinked(Path(folder))

    def _unlinked(self, folder: Path) -> Path:
        """``folder``; raises StoreUnreachable where it or the root or one between is a link."""
        if _is_straight(folder):
            return folder
        path = str(self._root)
        below = str(folder)[len(path) :].split("/")
        for place in accumulate([path, *filter(None, below)], os.path.join):
            try:
                status = os.lstat(place)
            except OSError:
                break  # the caller meets the same error
            if stat.S_ISLNK(status.st_mode):
                raise StoreUnreachable(f"{folder} leads through a symbolic link; replace the link")
        return folder

    def _open(self, key: str) -> tuple[int, int]:
        """A handle of an object, which the caller closes, and its size in bytes."""
        path = f"{self._root}/{check_key(key)}"
        try:
            handle = os.open(path, _READ)
        except OSError as error:
            self._unlinked(Path(path).parent)
            if error.errno in _NO_OBJECT:
                raise NotFound(f"there is no {key} in {self.url}") from None
            raise _unreachable(error, Path(path), "read") from error
        try:
            if not _is_at(handle, path):
                self._unlinked(Path(path).parent)
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise NotFound(f"there is no {key} in {self.url}")
            return handle, status.st_size
        except BaseException:
            os.close(handle)
            raise

    def _size(self, key: str) -> int | None:
        path = self._path(key)
        try:
            status = path.lstat()
        except OSError as error:
            if error.errno in _NO_OBJECT:
                return None
            raise _unreachable(error, path, "read") from error
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def _walk(self, folder: str, prefix: str, start_after: str) -> Iterator[str]:
        for name in self._names(folder):
            key = folder + name
            # All keys in a folder begin with ``key``; folders without a matching key are skipped.
            matches = key.startswith(prefix) or (name[-1] == "/" and prefix.startswith(key))
            if not matches or not (key > start_after or start_after.startswith(key)):
                continue
            if name[-1] == "/":
                yield from self._walk(key, prefix, start_after)
            elif key > start_after and is_key(key):
                yield key

    def _names(self, folder: str) -> tuple[str, ...]:
        """Names in ``folder`` in the order of their keys; names of folders end with a slash."""
        path = self._unlinked(self._root / folder)
        try:
            with os.scandir(path) as entries:
                return tuple(sorted(name for name in map(_name, entries) if name[0] != "."))
        except OSError as error:
            if error.errno in _NO_OBJECT:
                return ()
            raise _unreachable(error, path, "list") from error

    def _prune(self, folder: Path) -> None:
        """Remove ``folder`` and its parents as long as they are empty."""
        # Otherwise names may return after a power cut and make a purged job half a job.
        with _explained(folder, "write"), suppress(FileNotFoundError):
            sync_folder(folder)
        with suppress(OSError):
            while folder != self._root:
                folder.rmdir()
                folder = folder.parent


def _read(handle: int, size: int) -> bytes:
    """The first ``size`` bytes of a file, or all where it has fewer; one call reads most files."""
    data = os.read(handle, size)
    while len(data) < size and (more := os.read(handle, size - len(data))):
        data += more
    return data


def _is_straight(folder: Path) -> bool:
    """Whether a folder is there and no link leads to it; False where that is not known."""
    try:
        handle = os.open(folder, _LOOK)
    except OSError:
        return False
    try:
        return _is_at(handle, str(folder))
    finally:
        os.close(handle)


def _is_at(handle: int, path: str) -> bool:
    """Whether what is open is at ``path`` and no link led there; False where that is not known."""
    try:
        return os.readlink(f"/proc/self/fd/{handle}") == path  # noqa: PTH115
    except OSError:  # only Linux has these names
        return False


def _name(entry: "os.DirEntry[str]") -> str:
    """The entry's name as a part of a key; "." where it is neither file nor folder."""
    if entry.is_dir(follow_symlinks=False):
        return entry.name + "/"
    return entry.name if entry.is_file(follow_symlinks=False) else "."


@contextmanager
def _explained(path: Path, verb: str) -> Iterator[None]:
    """Turn errors of the operating system into StoreUnreachable."""
    try:
        yield
    except OSError as error:
        raise _unreachable(error, path, verb) from error


def _unreachable(error: OSError, path: Path, verb: str) -> StoreUnreachable:
    advice = _ADVICE.get(error.errno or 0, "check the disk or choose another PAGEFLEET_STORE")
    kind = StoreFull if error.errno in _FULL else StoreUnreachable
    return kind(f"can't {verb} {path}: {error.strerror or error}; {advice}")
