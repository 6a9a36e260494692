"""An element of a queue that is no message is delivered as its text."""

import base64
import json
from typing import Any

import pytest

from shared.broker.transport.kombu_guard import envelope_of, restorable


def envelope(**changes: Any) -> dict[str, Any]:
    """An envelope as kombu writes it, with ``changes``."""
    return {
        "body": base64.b64encode(b"[[], {}, {}]").decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": "pagefleet.page", "id": "x"},
        "properties": {
            "delivery_tag": "tag",
            "delivery_info": {"exchange": "q", "routing_key": "q"},
            "body_encoding": "base64",
        },
        **changes,
    }


def test_an_envelope_stays_as_it_is() -> None:
    assert envelope_of(json.dumps(envelope()).encode(), "q") == envelope()


GARBAGE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"garbage",
    "no text": b"\xff\xfe\x00",
    "a number": b"7",
    "null": b"null",
    "a list": b"[1, 2]",
    "an empty object": b"{}",
    "deep nesting": b"[" * 100_000,
    "a surrogate": b'{"body": "\\ud800"}',
    "an odd type": b'{"__type__": "uuid", "__value__": 7}',
    "no properties": json.dumps(envelope(properties=None)).encode(),
    "a body of bytes that are no base64": json.dumps(envelope(body="abcde")).encode(),
    "a body that is a list": json.dumps(envelope(body=[1])).encode(),
    "headers that are a list": json.dumps(envelope(headers=[1])).encode(),
    "a compressed body": json.dumps(envelope(headers={"compression": "gzip"})).encode(),
    "a delivery tag that can't be written": json.dumps(
        envelope(properties={**envelope()["properties"], "delivery_tag": "\ud800"})
    ).encode(),
    "another encoding": json.dumps(envelope(properties={"body_encoding": "x"})).encode(),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_anything_else_becomes_a_message_without_a_task(name: str) -> None:
    made = envelope_of(GARBAGE[name], "pages.fake.normal")

    assert made["headers"] == {}
    assert made["body"] == GARBAGE[name].decode(errors="replace")
    assert made["properties"]["delivery_info"]["routing_key"] == "pages.fake.normal"
    assert json.dumps(made).encode()


def entry(*parts: Any) -> bytes:
    """An entry among the unacknowledged messages as kombu writes it."""
    return json.dumps(parts).encode()


@pytest.mark.parametrize("queue", ["reduce", "maintenance", "pages.fake.normal", "pages.cpu.high"])
def test_a_message_of_any_of_the_queues_can_be_restored(queue: str) -> None:
    for exchange in ("", queue):
        assert restorable(entry(envelope(), exchange, queue)) == (queue, envelope())


@pytest.mark.parametrize(
    "forged",
    [
        *GARBAGE.values(),
        *(b"[" + garbage + b', "reduce", "reduce"]' for garbage in GARBAGE.values()),
        entry(envelope(), "reduce"),
        entry(envelope(), "reduce", "maintenance"),
        entry(envelope(), "", "outstanding:fake"),
        entry(envelope(), "refused", "refused"),
        entry(envelope(), "pages.fake.normal\n", "pages.fake.normal\n"),
        entry(envelope(), ["reduce"], ["reduce"]),
        entry(envelope(), None, None),
    ],
)
def test_any_other_entry_is_not_restored(forged: bytes) -> None:
    assert restorable(forged) is None
