"""A folder as a place of drops and of outputs; symbolic links in it are never followed."""

import errno
import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from producer.intake.inputs import Input
from producer.watching.places import beneath
from producer.watching.places.bucket import beside
from producer.watching.places.place import Dropped, Page, UnusableName
from shared.domain.errors import NotFound, StoreUnreachable, TooLarge

CHUNK_BYTES = 1024 * 1024
PAGE = 1000
#: How programs call a file that they still write to.
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart", "~")
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO)


class FolderInbox:
    """See Inbox; hidden and unfinished files, links and devices are no documents."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self._root = root
        self._scratch = scratch
        self.url = f"{root.as_uri()}/"

    def scan(self) -> Iterator[Page]:
        """See Inbox."""
        walk = self._walk(self._root, "")
        while drops := tuple(islice(walk, PAGE)):
            yield Page(drops)

    def pass_ended(self) -> bool:
        """Always: a period looks at everything."""
        return True

    def mark_active(self, page: Page) -> None:
        """Nothing: every period looks at the whole folder."""

    def stat(self, key: str) -> Dropped | None:
        """See Inbox."""
        if not all(map(_may_be_document, key.split("/"))):
            return None
        with (
            suppress(NotFound),
            _explained(self._root, key),
            beneath.opened(self._root, key) as handle,
        ):
            return _dropped(key, os.fstat(handle))
        return None

    def version(self, found: Dropped) -> str:
        """The hash of the content."""
        digest = hashlib.sha256()
        with self._reading(found) as handle:
            while chunk := os.read(handle, CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()

    def head(self, found: Dropped, count: int) -> bytes:
        """See Inbox."""
        with self._reading(found) as handle:
            return os.read(handle, count)

    def read(self, key: str, limit: int) -> bytes:
        """See Inbox."""
        with _explained(self._root, key), beneath.opened(self._root, key) as handle:
            if os.fstat(handle).st_size > limit:
                raise TooLarge(f"{key} has more than {limit} bytes")
            return os.read(handle, limit)

    @contextmanager
    def as_input(self, found: Dropped) -> Iterator[Input]:
        """A copy: the file itself may change while it is read."""
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            copy = Path(folder) / found.key.rpartition("/")[2]
            with self._reading(found) as handle, copy.open("xb") as file:
                while chunk := os.read(handle, CHUNK_BYTES):
                    file.write(chunk)
            yield Input(str(copy), "file")

    def move(self, found: Dropped, folder: str) -> None:
        """See Inbox."""
        root = self._root.parent / folder
        self._check(found)
        with _explained(root, found.key):
            root.mkdir(exist_ok=True)
            with (
                beneath.folder_of(self._root, found.key) as (source, name),
                beneath.folder_of(root, found.key, make=True) as (target, wanted),
            ):
                _move(source, name, target, wanted, found.mark)

    def remove(self, found: Dropped) -> None:
        """See Inbox."""
        self._check(found)
        with (
            _explained(self._root, found.key),
            beneath.folder_of(self._root, found.key) as (folder, name),
        ):
            os.unlink(name, dir_fd=folder)

    def _check(self, found: Dropped) -> None:
        if self.stat(found.key) != found:
            raise NotFound(f"{found.key} changed")

    @contextmanager
    def _reading(self, found: Dropped) -> Iterator[int]:
        """The open file; raises NotFound where it is not ``found``, before or after."""
        with _explained(self._root, found.key), beneath.opened(self._root, found.key) as handle:
            for moment in ("before", "while"):
                if _dropped(found.key, os.fstat(handle)) != found:
                    raise NotFound(f"{found.key} changed {moment} it was read")
                if moment == "before":
                    yield handle

    def _walk(self, folder: Path, prefix: str) -> Iterator[Dropped]:
        with _explained(folder, prefix), os.scandir(folder) as entries:
            names = sorted((entry for entry in entries if _may_be_document(entry.name)), key=_name)
        for entry in names:
            # What vanishes meanwhile is no drop; the next look sees what is there then.
            with suppress(NotFound), _explained(folder, entry.name):
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(Path(entry.path), f"{prefix}{entry.name}/")
                elif entry.is_file(follow_symlinks=False):
                    yield _dropped(prefix + entry.name, entry.stat(follow_symlinks=False))


class FolderOutbox:
    """See Outbox; made where it is missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.url = f"{root.as_uri()}/"

    def write(self, key: str, data: bytes) -> None:
        """See Outbox."""
        beneath.parts_of(key)
        with _explained(self._root, key):
            self._root.mkdir(parents=True, exist_ok=True)
            with beneath.folder_of(self._root, key, make=True) as (folder, name):
                _write_whole(folder, name, data)

    def delete(self, key: str) -> None:
        """See Outbox."""
        with (
            suppress(NotFound, UnusableName),
            _explained(self._root, key),
            beneath.folder_of(self._root, key) as (folder, name),
        ):
            os.unlink(name, dir_fd=folder)


def _write_whole(folder: int, name: str, data: bytes) -> None:
    temporary = f".pagefleet-{secrets.token_hex(8)}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise


def _move(source: int, name: str, target: int, wanted: str, mark: str) -> None:
    """A link and then the removal: never onto another file."""
    try:
        os.link(name, wanted, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except FileExistsError:
        other = beside(wanted, hashlib.sha256(mark.encode()).hexdigest())
        os.link(name, other, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    os.unlink(name, dir_fd=source)


def _dropped(key: str, found: os.stat_result) -> Dropped:
    if not stat.S_ISREG(found.st_mode):
        raise NotFound(f"{key} is no file")
    # The time of change too: tools that copy times can hide new content from the others.
    mark = f"{found.st_size}-{found.st_mtime_ns}-{found.st_ctime_ns}-{found.st_ino}"
    return Dropped(key, found.st_size, mark)


def _may_be_document(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False  # bytes that are no text: no record could hold the name
    return not name.startswith(".") and not name.lower().endswith(UNFINISHED)


def _name(entry: "os.DirEntry[str]") -> str:
    return entry.name


@contextmanager
def _explained(root: Path, key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _GONE:
            raise NotFound(f"there is no {key} in {root}") from error
        reason = error.strerror or str(error)
        raise StoreUnreachable(
            f"can't use {root / key}: {reason}; check its permissions"
        ) from error
