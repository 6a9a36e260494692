"""Reads the events of object stores: which keys of which bucket may be new.

Only names are taken from an event. What the object is now is looked up, so the order of
events, doubles and what else they claim do not matter.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from shared.domain.errors import PagefleetError

_CREATED = "ObjectCreated:"
#: Of SeaweedFS; there is no event for the end of an upload but these.
_SEAWEED_EVENTS = ("create", "update", "rename")
_SEAWEED_ROOT = "/buckets/"


class NotABucketEvent(PagefleetError):
    """The text is no event of an object store that is known here."""


@dataclass(frozen=True)
class BucketEvent:
    """An object that was written, it is said."""

    bucket: str
    key: str


def read_bucket_events(text: str | bytes) -> list[BucketEvent]:
    """The objects an event is about; none for tests and removals; raises NotANotice.

    Senders differ in whether keys are form-encoded, and some documentation leaves it open,
    so both readings are returned where they differ: a wrong one names nothing.
    """
    try:
        found = list(_bucket_events(json.loads(text)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotABucketEvent(f"not an event of an object store: {error!r}") from None
    return list(dict.fromkeys(found))


def _bucket_events(body: Any) -> Iterator[BucketEvent]:
    if body.get("Event") == "s3:TestEvent":
        return
    if body.get("Type") == "Notification":  # by way of SNS
        yield from _bucket_events(json.loads(body["Message"]))
    elif "detail-type" in body:
        if body["detail-type"] == "Object Created":
            yield from _both(body["detail"])
    elif "event_type" in body:
        yield from _from_seaweed(body)
    else:
        for record in body["Records"]:
            if record["eventName"].removeprefix("s3:").startswith(_CREATED):
                yield from _both(record["s3"])


def _both(about: Any) -> Iterator[BucketEvent]:
    bucket, key = str(about["bucket"]["name"]), str(about["object"]["key"])
    yield BucketEvent(bucket, unquote_plus(key))
    yield BucketEvent(bucket, key)


def _from_seaweed(body: Any) -> Iterator[BucketEvent]:
    if body["event_type"] not in _SEAWEED_EVENTS:
        return
    bucket, slash, key = body["key"].removeprefix(_SEAWEED_ROOT).partition("/")
    if body["key"].startswith(_SEAWEED_ROOT) and slash:
        yield BucketEvent(bucket, key)


def keys_below(bucket_events: Iterable[BucketEvent], bucket: str, prefix: str) -> list[str]:
    """The keys, relative to ``prefix``, of what was written below it and is no folder."""
    found = (n.key for n in bucket_events if n.bucket == bucket and n.key.startswith(prefix))
    return [key.removeprefix(prefix) for key in found if not key.endswith("/") and key != prefix]
