"""The object store as everybody sees it, and the choice of the one behind an address."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from shared.config.settings import Settings
from shared.domain.errors import UsageError

if TYPE_CHECKING:
    from shared.storage.store_s3 import S3Store

DEFAULT_POOL = 64


class ObjectStore(Protocol):
    """Named bytes with atomic writes; synchronous and thread-safe.

    Keys are relative to the store's root and checked by ``shared.domain.object_keys.check_key``
    (UsageError). What can't be reached or written raises StoreUnreachable.
    """

    #: Where the store is, without credentials.
    url: str

    def get(self, key: str, limit: int | None = None) -> bytes:
        """The whole object; raises NotFound, or TooLarge above ``limit`` bytes."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write or replace; a reader sees the old object or the new one, never a part."""
        ...

    def put_new(self, key: str, data: bytes) -> bool:
        """Create, durable on return; False where the key exists already.

        Exactly one of several racing callers gets True. A caller whose answer was lost on
        the network may get False although its own bytes are stored, so False means "read
        what is there", not "somebody else did it".
        """
        ...

    def put_file(self, key: str, path: Path) -> None:
        """Like ``put`` with the contents of a local file of any size."""
        ...

    def download(self, key: str, path: Path) -> None:
        """Write the object to ``path``, which appears complete or not at all."""
        ...

    def local_path(self, key: str) -> Path | None:
        """Where the object lies on this machine, for reading; None for a remote store.

        The file need not exist.
        """
        ...

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        ...

    def size(self, key: str) -> int:
        """Bytes of the object; raises NotFound."""
        ...

    def list(self, prefix: str, start_after: str = "", limit: int | None = None) -> Iterator[str]:
        """Keys that begin with ``prefix``, in the order of their UTF-8 bytes, streamed.

        Only keys greater than ``start_after``, at most ``limit`` of them. Some services
        (SeaweedFS) order "a/" before "a-2/", so don't skip over folders with ``start_after``.
        """
        ...

    def stamped(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Like ``list``, each key with a word that changes with the bytes.

        It may also change where equal bytes are written again.
        """
        ...

    def folders(self, prefix: str) -> Iterator[str]:
        """What stands between ``prefix`` (empty or with a final slash) and the next slash, sorted.

        For "jobs/" that is every job id, without a walk through the jobs.
        """
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects in batches; missing ones are fine."""
        ...

    def copy_from(self, uri: str, key: str, etag: str | None = None) -> bool:
        """Copy ``uri`` within the store's own service, without moving the bytes through here.

        False where that can't be done, or where the object is no longer the version ``etag``;
        the caller then uploads what it has.
        """
        ...

    def check(self) -> None:
        """A cheap probe; raises StoreUnreachable with advice within seconds."""
        ...


@dataclass(frozen=True)
class S3Object:
    """One object anywhere in the S3 service that the settings name."""

    uri: str
    #: Bytes.
    size: int
    #: Changes with the content; no hash of it.
    etag: str


def open_store(settings: Settings, max_pool_connections: int = DEFAULT_POOL) -> ObjectStore:
    """The store of jobs; nothing is contacted or created yet."""
    return open_uri(settings.store_url, settings, max_pool_connections)


def open_uri(uri: str, settings: Settings, max_pool_connections: int = DEFAULT_POOL) -> ObjectStore:
    """A store at ``s3://bucket/prefix`` or ``file:///folder``; raises UsageError."""
    scheme = uri.split(":", 1)[0]
    if scheme == "file":
        from shared.storage.store_file import FileStore

        return FileStore(_folder(uri))
    if scheme == "s3":
        return _s3(uri, settings, max_pool_connections)
    raise UsageError(f"{uri!r} is no store; write s3://bucket/prefix or file:///folder")


def list_uri(uri: str, settings: Settings) -> Iterator[S3Object]:
    """The objects below ``s3://bucket/prefix/`` in order; raises UsageError, StoreUnreachable."""
    bucket, prefix = split_s3(uri)
    return _s3(f"s3://{bucket}", settings).scan(prefix)


def download_uri(
    uri: str, path: Path, limit_bytes: int, settings: Settings, etag: str | None = None
) -> S3Object:
    """Write ``s3://bucket/key`` to ``path``, complete or not at all.

    With ``etag`` only that version. Raises NotFound, TooLarge, UsageError, StoreUnreachable.
    """
    bucket, key = split_s3(uri)
    if not key or key.endswith("/"):
        raise UsageError(f"{uri!r} names no object; write s3://bucket/key")
    return _s3(f"s3://{bucket}", settings).download_any(key, path, limit_bytes, etag)


def split_s3(uri: str) -> tuple[str, str]:
    """(bucket, key or prefix) of an ``s3://`` URI, taken literally; raises UsageError."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket or not bucket.replace(".", "-").replace("-", "a").isalnum():
        raise UsageError(f"{uri!r} is no S3 address; write s3://bucket/key")
    return bucket, key


def _s3(uri: str, settings: Settings, max_pool_connections: int = DEFAULT_POOL) -> "S3Store":
    from shared.storage.s3_client import options_of
    from shared.storage.store_s3 import S3Store

    bucket, prefix = split_s3(uri)
    return S3Store(bucket, prefix.strip("/"), options_of(settings, max_pool_connections))


def _folder(uri: str) -> Path:
    host, _, folder = uri.removeprefix("file://").partition("/")
    if not uri.startswith("file://") or host not in ("", "localhost") or "\0" in unquote(folder):
        raise UsageError(f"{uri!r} is no folder; write file:///absolute/folder")
    return Path("/" + unquote(folder))
