"""A prefix of a bucket as an inbox and as an outbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from producer.intake.input import Input
from producer.watching.places.listing import PrefixScan
from producer.watching.places.place import Dropped, Page, ReadRefused, UnusableName
from shared.domain.formats.output_formats import OUTPUT_FORMATS
from shared.storage.refusal import Refused
from shared.storage.s3_bucket import Bucket, Listed

#: Bytes of the longest key that S3 allows.
MAX_KEY_BYTES = 1024
_TYPES = {f".{each.suffix}": each.content_type for each in OUTPUT_FORMATS} | {".png": "image/png"}


class BucketInbox:
    """See Inbox; every object except those of folders may be a document."""

    def __init__(self, bucket: Bucket, prefix: str, lists_per_period: int) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self.url = f"s3://{bucket.name}/{prefix}"
        self.prefix_scan = PrefixScan(bucket, prefix, lists_per_period)

    def scan(self) -> Iterator[Page]:
        """See Inbox."""
        for start, listing in self.prefix_scan.pages():
            drops = (self._dropped(each) for each in listing.objects if _is_file(each))
            yield Page(tuple(drops), start)

    def pass_ended(self) -> bool:
        """See Inbox."""
        return self.prefix_scan.at_start()

    def mark_active(self, page: Page) -> None:
        """See Inbox."""
        self.prefix_scan.mark_active(page.start)

    def stat(self, key: str) -> Dropped | None:
        """See Inbox."""
        name = self._prefix + key
        if len(name.encode(errors="replace")) > MAX_KEY_BYTES or "\0" in key:
            raise UnusableName(f"{name[:60]!r} can't be the key of an object")
        try:
            listed = self._bucket.look(name)
        except Refused as refusal:
            if refusal.status == 400:
                raise UnusableName(f"the service refuses the key {name[:60]!r}") from refusal
            if refusal.is_of_one_object:
                raise ReadRefused(f"the service refuses to show it: {refusal.message}") from refusal
            raise
        return self._dropped(listed) if listed is not None and _is_file(listed) else None

    def version(self, dropped: Dropped) -> str:
        """See Inbox."""
        return dropped.mark

    def head(self, dropped: Dropped, count: int) -> bytes:
        """See Inbox."""
        with _refusals_explained():
            return self._bucket.head(self._prefix + dropped.key, count, dropped.mark)

    def read(self, key: str, limit: int) -> bytes:
        """See Inbox."""
        with _refusals_explained():
            return self._bucket.read(self._prefix + key, limit)[0]

    @contextmanager
    def as_input(self, dropped: Dropped) -> Iterator[Input]:
        """See Inbox."""
        yield Input(self.url + dropped.key, "s3", etag=dropped.mark)

    def move(self, dropped: Dropped, folder: str) -> None:
        """See Inbox."""
        source = self._prefix + dropped.key
        target = sibling(self._prefix, folder) + dropped.key
        other = self._bucket.look(target)
        if other is not None and (other.etag, other.size) != (dropped.mark, dropped.size):
            target = beside(target, dropped.mark)
        self._bucket.copy(source, dropped.mark, target)
        self._bucket.delete(source, dropped.mark)

    def remove(self, dropped: Dropped) -> None:
        """See Inbox."""
        self._bucket.delete(self._prefix + dropped.key, dropped.mark)

    def _dropped(self, listed: Listed) -> Dropped:
        return Dropped(listed.key.removeprefix(self._prefix), listed.size, listed.etag)


class BucketOutbox:
    """See Outbox."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self.url = f"s3://{bucket.name}/{prefix}"

    def write(self, key: str, data: bytes | BinaryIO) -> None:
        """See Outbox."""
        name = self._prefix + key
        if len(name.encode()) > MAX_KEY_BYTES:
            raise UnusableName(f"the key {name[:60]!r}… has more than {MAX_KEY_BYTES} bytes")
        kind = _TYPES.get(key[key.rfind(".") :], "application/octet-stream")
        try:
            self._bucket.write(name, data, kind)
        except Refused as refusal:
            if refusal.status == 400:
                raise UnusableName(f"the service refuses the key {name[:60]!r}") from refusal
            raise

    def delete(self, key: str) -> None:
        """See Outbox."""
        if len((self._prefix + key).encode()) <= MAX_KEY_BYTES:
            self._bucket.delete(self._prefix + key)


def sibling(prefix: str, folder: str) -> str:
    """The prefix called ``folder`` beside ``prefix``, which must not be empty."""
    parent, _, _ = prefix.rstrip("/").rpartition("/")
    return f"{parent}/{folder}/" if parent else f"{folder}/"


def beside(key: str, version: str) -> str:
    """A name for a version whose own name exists already: ``a/x.0a1b2c3d.pdf``."""
    folder, slash, name = key.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    tag = "".join(char for char in version if char.isalnum())[:8]
    return folder + slash + (f"{stem}.{tag}.{suffix}" if dot and stem else f"{name}.{tag}")


def _is_file(listed: Listed) -> bool:
    return not listed.key.endswith("/")


@contextmanager
def _refusals_explained() -> Iterator[None]:
    """Raise ReadRefused where the service refuses one object.

    It may be encrypted with a key of its own, be in an archive, or belong to another account.
    """
    try:
        yield
    except Refused as refusal:
        if refusal.is_of_one_object:
            raise ReadRefused(f"the service refuses to read it: {refusal.message}") from refusal
        raise
