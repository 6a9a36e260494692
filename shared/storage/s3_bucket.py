"""Access to any object of a bucket by its literal key, for watched buckets and their outputs.

The store of jobs (``shared.storage.store_s3``) accepts only its own keys; this module accepts every
key that S3 allows. A version that was deleted or replaced is NotFound.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from shared.config.settings import Settings
from shared.domain.errors import NotFound, TooLarge
from shared.storage import s3_client
from shared.storage.refusal import Refused
from shared.storage.s3_client import S3Options

#: The most that one request lists.
PAGE = 1000
_CHANGED = 412
_EMPTY = 416
#: HTTP statuses of services that refuse a conditional header instead of ignoring it.
_LACKING = (400, 501)


@dataclass(frozen=True)
class Listed:
    """One object: ``etag`` changes with the content; ``size`` in bytes."""

    key: str
    size: int
    etag: str


@dataclass(frozen=True)
class Listing:
    """The answer to one LIST request."""

    objects: tuple[Listed, ...]
    truncated: bool


class Bucket:
    """One bucket; thread-safe; raises StoreUnreachable, UsageError."""

    def __init__(self, name: str, options: S3Options) -> None:
        self.name = name
        self._options = options

    def page(self, prefix: str, after: str = "", limit: int = PAGE) -> Listing:
        """The next objects with keys greater than ``after``, folder keys too; one request."""
        query: dict[str, Any] = {"Prefix": prefix, "MaxKeys": limit}
        if after:
            query["StartAfter"] = after
        with self._explained(prefix):
            answer = self._client.list_objects_v2(Bucket=self.name, **query)
        objects = (_listed(each) for each in answer.get("Contents", ()))
        return Listing(tuple(objects), bool(answer.get("IsTruncated")))

    def look(self, key: str) -> Listed | None:
        """The current version of the object, or None."""
        try:
            with self._explained(key):
                answer = self._client.head_object(Bucket=self.name, Key=key)
        except NotFound:
            return None
        return Listed(key, answer["ContentLength"], answer["ETag"].strip('"'))

    def head(self, key: str, count: int, etag: str) -> bytes:
        """The first ``count`` bytes of this version; raises NotFound."""
        try:
            with self._explained(key):
                answer = self._client.get_object(
                    Bucket=self.name, Key=key, Range=f"bytes=0-{count - 1}", IfMatch=_quoted(etag)
                )
                with closing(answer["Body"]) as body:
                    return bytes(body.read(count))
        except Refused as refusal:
            if refusal.status == _EMPTY:
                return b""
            raise

    def has_ranges(self, key: str) -> bool:
        """Whether the service honours range requests."""
        with self._explained(key):
            answer = self._client.get_object(Bucket=self.name, Key=key, Range="bytes=0-0")
            with closing(answer["Body"]):
                return bool(answer["ContentLength"] == 1)

    def read(self, key: str, limit: int) -> tuple[bytes, str]:
        """A small object and its ETag; raises NotFound, TooLarge."""
        with self._explained(key):
            answer = self._client.get_object(Bucket=self.name, Key=key)
            with closing(answer["Body"]) as body:
                if answer["ContentLength"] > limit:
                    raise TooLarge(f"s3://{self.name}/{key} has more than {limit} bytes")
                return body.read(), answer["ETag"].strip('"')

    def write(self, key: str, data: bytes | BinaryIO, content_type: str) -> None:
        """Write or replace an object."""
        with self._explained(key):
            self._client.put_object(Bucket=self.name, Key=key, Body=data, ContentType=content_type)

    def copy(self, key: str, etag: str, target: str) -> None:
        """Copy this version within the bucket; raises NotFound where it no longer exists."""
        source = {"Bucket": self.name, "Key": key}
        with self._explained(key):
            self._client.copy(
                source,
                self.name,
                target,
                ExtraArgs={"CopySourceIfMatch": _quoted(etag)},
                Config=s3_client.COPY,
            )

    def delete(self, key: str, etag: str | None = None) -> None:
        """Delete an object; with ``etag`` only that version, as far as the service supports it.

        Raises NotFound where the object is another version. With a service without conditional
        deletes, a version that is written between check and delete is deleted too.
        """
        if etag is None:
            with self._explained(key):
                self._client.delete_object(Bucket=self.name, Key=key)
            return
        current = self.look(key)
        if current is None or current.etag != etag:
            raise NotFound(f"s3://{self.name}/{key} was replaced by another version")
        try:
            self.delete_if(key, etag)
        except Refused as refusal:
            if refusal.status not in _LACKING:
                raise
            self.delete(key)

    def delete_if(self, key: str, etag: str) -> None:
        """Delete this version with a conditional request; raises NotFound for another version."""
        with self._explained(key):
            self._client.delete_object(Bucket=self.name, Key=key, IfMatch=_quoted(etag))

    @property
    def _client(self) -> Any:
        return s3_client.client(self._options)

    @contextmanager
    def _explained(self, key: str) -> Iterator[None]:
        where = f"s3://{self.name}/{key}"
        try:
            with s3_client.explained(where, self._options):
                yield
        except Refused as refusal:
            if refusal.status == _CHANGED:
                raise NotFound(f"{where} was replaced by another version") from refusal
            raise


def open_bucket(name: str, settings: Settings) -> Bucket:
    """A bucket of the service that the settings name; sends no request."""
    return Bucket(name, s3_client.options_of(settings))


def _listed(each: Any) -> Listed:
    return Listed(each["Key"], each["Size"], each["ETag"].strip('"'))


def _quoted(etag: str) -> str:
    return f'"{etag}"'
