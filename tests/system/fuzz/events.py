"""Fuzzer of the events of object stores: each names keys, or is refused in words."""

import json
import random
from typing import Any

from producer.watching.triggers.bucket_events import NotABucketEvent, keys_below, read_bucket_events
from tests.system.fuzz.fuzzing import fuzzer
from tests.system.fuzz.values import cut, damaged, with_nested

_RECORD = {
    "eventName": "ObjectCreated:Put",
    "s3": {"bucket": {"name": "b"}, "object": {"key": "in/a+b%20c.pdf"}},
}
_GOOD: tuple[Any, ...] = (
    {"Records": [_RECORD]},
    {"Type": "Notification", "Message": json.dumps({"Records": [_RECORD]})},
    {"detail-type": "Object Created", "detail": _RECORD["s3"]},
    {"event_type": "create", "key": "/buckets/b/in/a.pdf"},
    {"Event": "s3:TestEvent"},
)


def _event(source: random.Random) -> bytes:
    if source.random() < 0.02:
        return b"[" * source.choice((10, 100_000))
    data = json.dumps(damaged(source, source.choice(_GOOD))).encode()
    if source.random() < 0.05:
        return with_nested(source, data)
    return cut(source, data) if data and source.random() < 0.3 else data


def _faults(data: bytes) -> list[str]:
    try:
        keys = keys_below(read_bucket_events(data), "b", "in/")
    except NotABucketEvent:
        return []
    return [f"not a key: {key!r}" for key in keys if not isinstance(key, str)]


fuzz = fuzzer(_event, _faults)
