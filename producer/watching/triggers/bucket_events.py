"""Parses events of object stores: which keys of which bucket may be new.

Only the names are used. The watcher looks up the object's current state, so the order of events,
duplicates and the other fields do not matter.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from shared.domain.errors import PagefleetError

_CREATED = "ObjectCreated:"
#: Event types of SeaweedFS; it has no event for a finished upload only.
_SEAWEED_EVENTS = ("create", "update", "rename")
_SEAWEED_ROOT = "/buckets/"


class NotABucketEvent(PagefleetError):
    """The text is not an event of a known object store."""


@dataclass(frozen=True)
class BucketEvent:
    """An object that was written according to an event."""

    bucket: str
    key: str


def read_bucket_events(text: str | bytes) -> list[BucketEvent]:
    """The objects that an event names; none for test events and removals.

    Raises NotABucketEvent. Some senders form-encode keys, and their documentation may not mention
    it. Where the decoded and the plain key differ, both are returned; the wrong one names no
    object and is ignored.
    """
    try:
        events = list(_bucket_events(json.loads(text)))
    except json.JSONDecodeError:
        raise NotABucketEvent("not an event of an object store: no JSON") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotABucketEvent("not an event of an object store: unknown fields") from None
    return list(dict.fromkeys(events))


def _bucket_events(body: Any) -> Iterator[BucketEvent]:
    if body.get("Event") == "s3:TestEvent":
        return
    if body.get("Type") == "Notification":  # sent through SNS
        yield from _bucket_events(json.loads(body["Message"]))
    elif "detail-type" in body:  # sent through EventBridge
        if body["detail-type"] == "Object Created":
            yield from _decoded_and_plain(body["detail"])
    elif "event_type" in body:
        yield from _from_seaweed(body)
    else:
        for record in body["Records"]:
            if record["eventName"].removeprefix("s3:").startswith(_CREATED):
                yield from _decoded_and_plain(record["s3"])


def _decoded_and_plain(entry: Any) -> Iterator[BucketEvent]:
    bucket, key = str(entry["bucket"]["name"]), str(entry["object"]["key"])
    yield BucketEvent(bucket, unquote_plus(key))
    yield BucketEvent(bucket, key)


def _from_seaweed(body: Any) -> Iterator[BucketEvent]:
    if body["event_type"] not in _SEAWEED_EVENTS:
        return
    bucket, slash, key = body["key"].removeprefix(_SEAWEED_ROOT).partition("/")
    if body["key"].startswith(_SEAWEED_ROOT) and slash:
        yield BucketEvent(bucket, key)


def keys_below(events: Iterable[BucketEvent], bucket: str, prefix: str) -> list[str]:
    """Keys of the events below ``prefix``, relative to it, without those of folders."""
    keys = (e.key for e in events if e.bucket == bucket and e.key.startswith(prefix))
    return [key.removeprefix(prefix) for key in keys if not key.endswith("/") and key != prefix]
