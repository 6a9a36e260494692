"""Opens the object store that an address names."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from shared.config.settings import Settings
from shared.domain.errors import UsageError
from shared.storage.s3_address import S3Object, split_s3
from shared.storage.store import ObjectStore
from shared.storage.store_file import FileStore
from shared.storage.unsupported import check_endpoint, check_scheme

if TYPE_CHECKING:
    from shared.storage.store_s3 import S3Store

DEFAULT_POOL = 64


def open_store(settings: Settings, max_pool_connections: int = DEFAULT_POOL) -> ObjectStore:
    """The store of jobs; sends no request and creates nothing."""
    return open_uri(settings.store_url, settings, max_pool_connections)


def open_uri(uri: str, settings: Settings, max_pool_connections: int = DEFAULT_POOL) -> ObjectStore:
    """The store at ``s3://bucket/prefix`` or ``file:///folder``; raises UsageError."""
    scheme = uri.split(":", 1)[0]
    if scheme == "file":
        folder = _folder(uri)
        home = settings.home.resolve()
        return FileStore(folder, private=folder.resolve().is_relative_to(home))
    if scheme == "s3":
        check_endpoint(settings.s3_endpoint_url)
        return _s3(uri, settings, max_pool_connections)
    check_scheme(uri)
    raise UsageError(f"{uri!r} is not a store; write s3://bucket/prefix or file:///folder")


def list_uri(uri: str, settings: Settings) -> Iterator[S3Object]:
    """The objects below ``s3://bucket/prefix/`` in order; raises UsageError, StoreUnreachable."""
    bucket, prefix = split_s3(uri)
    return _s3(f"s3://{bucket}", settings).scan(prefix)


def find_uri(uri: str, settings: Settings) -> S3Object | None:
    """The object at ``s3://bucket/key``; None where there is none. Raises like ``list_uri``."""
    bucket, key = split_s3(uri)
    # An object is the first in a listing of its own name.
    first = next(_s3(f"s3://{bucket}", settings).scan(key, limit=1), None)
    return first if first is not None and first.uri == uri else None


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


def _s3(uri: str, settings: Settings, max_pool_connections: int = DEFAULT_POOL) -> "S3Store":
    # boto3 takes most of a second to load, and a store in a folder does not need it.
    from shared.storage.s3_client import options_of
    from shared.storage.store_s3 import S3Store

    bucket, prefix = split_s3(uri)
    return S3Store(bucket, prefix.strip("/"), options_of(settings, max_pool_connections))


def _folder(uri: str) -> Path:
    host, _, folder = uri.removeprefix("file://").partition("/")
    if not uri.startswith("file://") or host not in ("", "localhost") or "\0" in unquote(folder):
        raise UsageError(f"{uri!r} is not a folder; write file:///absolute/folder")
    return Path("/" + unquote(folder))
