"""A folder as an inbox and as an outbox; symbolic links in it are not followed."""

import errno
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from producer.intake.input import Input
from producer.watching.places import beneath
from producer.watching.places.bucket import beside
from producer.watching.places.folder_walk import Skipped, may_be_document, walk
from producer.watching.places.place import Dropped, Page, Unreadable, UnusableName
from shared.config.private_files import create_private
from shared.domain.errors import NotFound, StoreUnreachable, TooLarge

CHUNK_BYTES = 1024 * 1024
PAGE = 1000
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO)


class FolderInbox:
    """See Inbox; ignores hidden and unfinished files, links and devices."""

    def __init__(self, root: Path, scratch: Path, report: Callable[[Exception], None]) -> None:
        self._skipped = Skipped(report)
        self._root = root
        self._scratch = scratch
        self.url = f"{root.as_uri()}/"

    def scan(self) -> Iterator[Page]:
        """See Inbox."""
        files = self._files()
        while drops := tuple(islice(files, PAGE)):
            yield Page(drops)
        self._skipped.end_pass()

    def pass_ended(self) -> bool:
        """Always: a scan covers the whole folder."""
        return True

    def mark_active(self, page: Page) -> None:
        """Does nothing: every scan covers the whole folder."""

    def stat(self, key: str) -> Dropped | None:
        """See Inbox."""
        if not all(map(may_be_document, key.split("/"))):
            return None
        with (
            suppress(NotFound, Unreadable),
            _explained(self._root, key),
            _alone(key),
            beneath.opened(self._root, key) as handle,
        ):
            return _dropped(key, os.fstat(handle))
        return None

    def version(self, dropped: Dropped) -> str:
        """The SHA-256 of the content; of an unreadable file a text with its mark."""
        digest = hashlib.sha256()
        try:
            with self._reading(dropped) as handle:
                while chunk := os.read(handle, CHUNK_BYTES):
                    digest.update(chunk)
        except Unreadable:
            return f"unreadable:{dropped.mark}"
        return digest.hexdigest()

    def head(self, dropped: Dropped, count: int) -> bytes:
        """See Inbox."""
        with self._reading(dropped) as handle:
            return os.read(handle, count)

    def read(self, key: str, limit: int) -> bytes:
        """See Inbox."""
        with (
            _explained(self._root, key),
            _files_only(key),
            _alone(key),
            beneath.opened(self._root, key) as handle,
        ):
            if os.fstat(handle).st_size > limit:
                raise TooLarge(f"{key} has more than {limit} bytes")
            return os.read(handle, limit)

    @contextmanager
    def as_input(self, dropped: Dropped) -> Iterator[Input]:
        """A copy, because the file itself may change while it is read."""
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            copy = Path(folder) / dropped.key.rpartition("/")[2]
            with self._reading(dropped) as handle, create_private(copy) as file:
                while chunk := os.read(handle, CHUNK_BYTES):
                    file.write(chunk)
            yield Input(str(copy), "file")

    def move(self, dropped: Dropped, folder: str) -> None:
        """See Inbox."""
        root = self._root.parent / folder
        self._check(dropped)
        with _explained(root, dropped.key):
            root.mkdir(exist_ok=True)
            with (
                beneath.folder_of(self._root, dropped.key) as (source, name),
                beneath.folder_of(root, dropped.key, make=True) as (target, new_name),
            ):
                _move(source, name, target, new_name, dropped.mark)

    def remove(self, dropped: Dropped) -> None:
        """See Inbox."""
        self._check(dropped)
        with (
            _explained(self._root, dropped.key),
            beneath.folder_of(self._root, dropped.key) as (folder, name),
        ):
            os.unlink(name, dir_fd=folder)

    def _check(self, dropped: Dropped) -> None:
        if self.stat(dropped.key) != dropped:
            raise NotFound(f"{dropped.key} changed")

    @contextmanager
    def _reading(self, dropped: Dropped) -> Iterator[int]:
        """Yields the open file; raises NotFound where it changed before or while it is read."""
        key = dropped.key
        with _explained(self._root, key), _alone(key), beneath.opened(self._root, key) as handle:
            for moment in ("before", "while"):
                if _dropped(key, os.fstat(handle)) != dropped:
                    raise NotFound(f"{key} changed {moment} it was read")
                if moment == "before":
                    yield handle

    def _files(self) -> Iterator[Dropped]:
        with _explained(self._root, ""):
            for key, status in walk(self._root, self._skipped.add):
                yield _dropped(key, status)


class FolderOutbox:
    """See Outbox; creates the folder if it is missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.url = f"{root.as_uri()}/"

    def write(self, key: str, data: bytes | BinaryIO) -> None:
        """See Outbox."""
        beneath.parts_of(key)
        with _explained(self._root, key):
            self._root.mkdir(parents=True, exist_ok=True)
            with beneath.folder_of(self._root, key, make=True) as (folder, name):
                _write_atomically(folder, name, data)

    def delete(self, key: str) -> None:
        """See Outbox."""
        with (
            suppress(NotFound, UnusableName),
            _explained(self._root, key),
            beneath.folder_of(self._root, key) as (folder, name),
        ):
            os.unlink(name, dir_fd=folder)


def _write_atomically(folder: int, name: str, data: bytes | BinaryIO) -> None:
    temporary = f".pagefleet-{secrets.token_hex(8)}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            if isinstance(data, bytes):
                file.write(data)
            else:
                shutil.copyfileobj(data, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise


def _move(source: int, name: str, target: int, new_name: str, mark: str) -> None:
    """Link, then unlink: unlike a rename, a link overwrites nothing."""
    try:
        os.link(name, new_name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except FileExistsError:
        other = beside(new_name, hashlib.sha256(mark.encode()).hexdigest())
        os.link(name, other, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    os.unlink(name, dir_fd=source)


def _dropped(key: str, status: os.stat_result) -> Dropped:
    if not stat.S_ISREG(status.st_mode):
        raise NotFound(f"{key} is not a file")
    # ctime too: a tool that copies mtime would otherwise hide new content.
    mark = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
    return Dropped(key, status.st_size, mark)


@contextmanager
def _alone(key: str) -> Iterator[None]:
    """Raise Unreadable for a fault that concerns only ``key``."""
    try:
        yield
    except PermissionError as error:
        reason = f"{key} can't be read: {error.strerror}; give the user of the watcher access"
        raise Unreadable(reason) from None


@contextmanager
def _files_only(key: str) -> Iterator[None]:
    """Raise Unreadable where ``key`` names something else than a regular file."""
    try:
        yield
    except beneath.NotAFile:
        raise Unreadable(f"{key} is not a regular file") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Unreadable(f"{key} is a symbolic link, which is not followed") from None
        raise


@contextmanager
def _explained(root: Path, key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _GONE:
            raise NotFound(f"{key} does not exist in {root}") from error
        reason = error.strerror or str(error)
        raise StoreUnreachable(
            f"can't use {root / key}: {reason}; check its permissions"
        ) from error
