"""Has kombu take, record and acknowledge the messages of pages many at a time.

Alone, kombu takes each message with a BRPOP, records it as unacknowledged in a transaction of four
commands, and removes the record in another one. Here a script follows a BRPOP and takes more, while
many messages wait; two commands record all of them before any of them is delivered. Within
``acknowledged_together`` two commands remove the records of all messages that are acknowledged.

A message that is taken and not recorded, because its worker ended in between, is lost as before:
the sweeper sends it again. A message whose record stays is delivered once more and dropped then.
"""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kombu.transport import redis as transport
from kombu.transport import virtual

#: One part in this many of a queue is taken at once, so that the pages of a small job are spread
#: over all workers.
SHARE = 8
_TAKE = """
local most = math.min(math.floor(redis.call('LLEN', KEYS[1]) / ARGV[2]), tonumber(ARGV[1]))
return most > 0 and redis.call('RPOP', KEYS[1], most) or {}
"""
_gathering = threading.local()


def install() -> None:
    """Replace the functions of kombu that record and remove single messages."""
    transport.QoS.append = _unless_recorded(transport.QoS.append)
    transport.QoS.ack = _gathered(transport.QoS.ack)


def take_more(channel: Any, queue: str, held: int) -> list[bytes]:
    """Take further elements of ``queue``, as many as this worker can hold besides ``held``."""
    room = (channel.qos.can_consume_max_estimate() or 0) - held
    if room < 1:
        return []
    with channel.conn_or_acquire() as client:
        take = client.register_script(_TAKE)
        return list(take(keys=[channel._q_for_pri(queue, 0)], args=[room, SHARE]))


def record(channel: Any, taken: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Record messages as unacknowledged, each with its JSON text, before they are delivered."""
    entries, now = {}, time.time()
    for text, envelope in taken:
        properties = envelope["properties"]
        info = properties["delivery_info"]
        names = json.dumps([info["exchange"], info["routing_key"]])
        entries[properties["delivery_tag"]] = f"[{text}, {names[1:]}"
    qos = channel.qos
    with channel.conn_or_acquire() as client:
        # One round trip; a transaction would add two commands.
        client.pipeline(transaction=False).zadd(
            qos.unacked_index_key, dict.fromkeys(entries, now)
        ).hset(qos.unacked_key, mapping=entries).execute()
    qos.__dict__.setdefault("recorded", set()).update(entries)


@contextmanager
def acknowledged_together() -> Iterator[None]:
    """Remove the records of all messages that this thread acknowledges in the block, at its end.

    A worker has room for another message at once.
    """
    gathered: list[tuple[Any, str]] = []
    _gathering.tags = gathered
    try:
        yield
    finally:
        _gathering.tags = None
        _remove(gathered)


def _remove(gathered: Sequence[tuple[Any, str]]) -> None:
    by_channel: dict[Any, list[str]] = {}
    for qos, tag in gathered:
        by_channel.setdefault(qos, []).append(tag)
    for qos, tags in by_channel.items():
        with qos.channel.conn_or_acquire() as client:
            client.pipeline(transaction=False).zrem(qos.unacked_index_key, *tags).hdel(
                qos.unacked_key, *tags
            ).execute()


def _unless_recorded(append: Any) -> Any:
    def guarded_append(self: Any, message: Any, delivery_tag: str) -> None:
        recorded = self.__dict__.get("recorded", ())
        if delivery_tag not in recorded:
            return append(self, message, delivery_tag)  # type: ignore[no-any-return]
        recorded.discard(delivery_tag)
        virtual.QoS.append(self, message, delivery_tag)
        return None

    return guarded_append


def _gathered(ack: Any) -> Any:
    def guarded_ack(self: Any, delivery_tag: str) -> None:
        gathered = getattr(_gathering, "tags", None)
        if gathered is None:
            return ack(self, delivery_tag)  # type: ignore[no-any-return]
        gathered.append((self, delivery_tag))
        virtual.QoS.ack(self, delivery_tag)
        return None

    return guarded_ack
