"""Addresses of the inbox and the outbox; refuses routes that would watch their own outputs."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from producer.watching.places.after import DONE, FAILED, After
from producer.watching.places.bucket import BucketInbox, BucketOutbox, sibling
from producer.watching.places.folder import FolderInbox, FolderOutbox
from producer.watching.places.place import Inbox, Outbox
from shared.config.environment import config_path
from shared.config.settings import Settings
from shared.domain import object_keys
from shared.domain.errors import UsageError
from shared.storage.s3_address import split_s3
from shared.storage.s3_bucket import open_bucket

OUTBOX = "outbox"


@dataclass(frozen=True)
class Route:
    """Addresses of inbox and outbox, with a final slash."""

    source: str
    to: str

    @property
    def watch_id(self) -> str:
        """32 hex digits that all watchers of this route share."""
        return hashlib.sha256(f"{self.source}\n{self.to}".encode()).hexdigest()[:32]

    @property
    def kind(self) -> Literal["bucket", "folder"]:
        """What kind of place the inbox is."""
        return "bucket" if self.source.startswith("s3://") else "folder"


def route_of(source: str, to: str | None, after: After, settings: Settings) -> Route:
    """The route of a command line; raises UsageError where places overlap."""
    inbox = _address(source)
    if inbox.startswith("file:") and not Path(source).is_dir():
        raise UsageError(f"{source} is not a folder; create it, or name an s3:// prefix")
    route = Route(inbox, _address(to) if to is not None else _sibling(inbox, OUTBOX))
    _refuse_overlap("the outbox", route.to, route.source)
    for folder in (object_keys.JOBS, object_keys.OPEN, object_keys.WATCH):
        store = f"{settings.store_url.rstrip('/')}/{folder}"
        _refuse_overlap("the store of jobs", store, route.source)
        _refuse_overlap("the store of jobs", store, route.to)
    if after == "move":
        for folder in (DONE, FAILED):
            _refuse_overlap(f"the folder {folder!r}", _sibling(inbox, folder), route.source)
    return route


def refuse_config_file_in(route: Route) -> None:
    """Raise UsageError where this command's configuration file is an options file of the inbox."""
    path = config_path()
    if path is not None and path.resolve().as_uri().startswith(route.source):
        raise UsageError(
            f"the configuration file {path.resolve()} lies in the watched folder, where anybody "
            "who drops files may replace it; start the command in another folder, or name a file "
            "elsewhere in PAGEFLEET_CONFIG"
        )


def open_inbox(
    route: Route,
    settings: Settings,
    lists_per_period: int,
    scratch: Path,
    report: Callable[[Exception], None],
) -> Inbox:
    """The inbox of a route; ``scratch`` is a private folder for copies.

    ``report`` gets what the inbox skips.
    """
    if route.kind == "folder":
        return FolderInbox(_path(route.source), scratch, report)
    bucket, prefix = split_s3(route.source)
    return BucketInbox(open_bucket(bucket, settings), prefix, lists_per_period)


def open_outbox(route: Route, settings: Settings) -> Outbox:
    """The outbox of a route."""
    if route.to.startswith("file:"):
        return FolderOutbox(_path(route.to))
    bucket, prefix = split_s3(route.to)
    return BucketOutbox(open_bucket(bucket, settings), prefix)


def _address(text: str) -> str:
    if text.startswith("s3://"):
        bucket, prefix = split_s3(text)
        if prefix and not prefix.endswith("/"):
            raise UsageError(f"{text!r} has no final slash; write {text}/")
        return f"s3://{bucket}/{prefix}"
    if "://" in text:
        raise UsageError(f"{text!r} can't be watched; name a folder or s3://bucket/prefix/")
    return Path(text).resolve().as_uri().rstrip("/") + "/"


def _sibling(address: str, folder: str) -> str:
    if address.startswith("s3://"):
        bucket, prefix = split_s3(address)
        if not prefix:
            raise UsageError(
                f"{address} is a whole bucket, so no folder can be beside it; watch a prefix, "
                "or name --to another bucket and keep the sources"
            )
        return f"s3://{bucket}/{sibling(prefix, folder)}"
    return f"{address.rstrip('/').rpartition('/')[0]}/{folder}/"


def _refuse_overlap(what: str, place: str, other: str) -> None:
    if place.startswith(other) or other.startswith(place):
        raise UsageError(
            f"{what} ({place}) and {other} overlap: a watch would convert its own outputs; "
            "choose places beside each other"
        )


def _path(uri: str) -> Path:
    return Path(unquote(uri.removeprefix("file://")))
