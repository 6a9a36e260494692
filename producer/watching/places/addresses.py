"""What is watched and where outputs go; refuses what would watch its own outputs."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from producer.watching.places.bucket import BucketInbox, BucketOutbox, sibling
from producer.watching.places.folder import FolderInbox, FolderOutbox
from producer.watching.places.place import Inbox, Outbox
from producer.watching.watch_context import DONE, FAILED, After
from shared.config.settings import Settings
from shared.domain import object_keys
from shared.domain.errors import UsageError
from shared.storage.s3_address import split_s3
from shared.storage.s3_bucket import open_bucket

OUTBOX = "outbox"


@dataclass(frozen=True)
class Route:
    """From where to where: addresses with a final slash."""

    source: str
    to: str

    @property
    def watch_id(self) -> str:
        """The same for all watchers of this route."""
        return hashlib.sha256(f"{self.source}\n{self.to}".encode()).hexdigest()[:16]

    @property
    def in_bucket(self) -> bool:
        """Whether the source is a bucket."""
        return self.source.startswith("s3://")


def route_of(source: str, to: str | None, after: After, settings: Settings) -> Route:
    """The route that a person means; raises UsageError where it leads into itself."""
    inbox = _address(source)
    if inbox.startswith("file:") and not Path(source).is_dir():
        raise UsageError(f"{source} is no folder; make it, or name an s3:// prefix")
    route = Route(inbox, _address(to) if to is not None else _beside(inbox, OUTBOX))
    _refuse_overlap("the outbox", route.to, route.source)
    for own in (object_keys.JOBS, object_keys.OPEN, object_keys.WATCH):
        store = f"{settings.store_url.rstrip('/')}/{own}"
        _refuse_overlap("the store of jobs", store, route.source)
        _refuse_overlap("the store of jobs", store, route.to)
    if after == "move":
        for folder in (DONE, FAILED):
            _refuse_overlap(f"the folder {folder!r}", _beside(inbox, folder), route.source)
    return route


def open_inbox(route: Route, settings: Settings, lists_per_period: int, scratch: Path) -> Inbox:
    """The place of drops; ``scratch`` is a private folder for copies."""
    if not route.in_bucket:
        return FolderInbox(_path(route.source), scratch)
    bucket, prefix = split_s3(route.source)
    return BucketInbox(open_bucket(bucket, settings), prefix, lists_per_period)


def open_outbox(route: Route, settings: Settings) -> Outbox:
    """The place of outputs."""
    if route.to.startswith("file:"):
        return FolderOutbox(_path(route.to))
    bucket, prefix = split_s3(route.to)
    return BucketOutbox(open_bucket(bucket, settings), prefix)


def _address(word: str) -> str:
    if word.startswith("s3://"):
        bucket, prefix = split_s3(word)
        if prefix and not prefix.endswith("/"):
            raise UsageError(f"{word!r} is no prefix of a folder; write a final slash: {word}/")
        return f"s3://{bucket}/{prefix}"
    if "://" in word:
        raise UsageError(f"{word!r} can't be watched; name a folder or s3://bucket/prefix/")
    return Path(word).resolve().as_uri().rstrip("/") + "/"


def _beside(address: str, folder: str) -> str:
    if address.startswith("s3://"):
        bucket, prefix = split_s3(address)
        if not prefix:
            raise UsageError(
                f"{address} is a whole bucket: there is no place beside it; watch a prefix, "
                "or name --to another bucket and keep the sources"
            )
        return f"s3://{bucket}/{sibling(prefix, folder)}"
    return f"{address.rstrip('/').rpartition('/')[0]}/{folder}/"


def _refuse_overlap(what: str, place: str, other: str) -> None:
    if place.startswith(other) or other.startswith(place):
        raise UsageError(
            f"{what} ({place}) and {other} lie in one another: a watch would take its own "
            "outputs for documents; choose places beside each other"
        )


def _path(uri: str) -> Path:
    return Path(unquote(uri.removeprefix("file://")))
