"""Has kombu take, record and acknowledge the messages of pages many at a time.

Alone, kombu takes each message with a BRPOP, records it as unacknowledged in a transaction of four
commands, and removes the record in another one. Here a script follows a BRPOP and takes more, while
many messages wait; another one records all of them before any of them is delivered. Within
``acknowledged_together`` two commands remove the records of all messages that are acknowledged.

A message that is taken and not recorded, because its worker ended in between, is lost as before:
the sweeper sends it again. A message whose record stays is delivered once more and dropped then.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from kombu.transport import redis as transport
from kombu.transport import virtual

from shared.broker.combined_calls import CombinedCalls, NoAnswer

#: One part in this many of a queue is taken at once, so that the pages of a small job are spread
#: over all workers.
SHARE = 8
_TAKE = """
local most = math.min(math.floor(redis.call('LLEN', KEYS[1]) / ARGV[2]), tonumber(ARGV[1]))
return most > 0 and redis.call('RPOP', KEYS[1], most) or {}
"""
#: ARGV: the key of the messages, the time, then tag and text of each message.
_RECORD = """
local scores, texts = {}, {}
for i = 3, #ARGV, 2 do
  scores[i - 2], scores[i - 1] = ARGV[2], ARGV[i]
  texts[i - 2], texts[i - 1] = ARGV[i], ARGV[i + 1]
end
redis.call('ZADD', KEYS[1], unpack(scores))
redis.call('HSET', ARGV[1], unpack(texts))
"""
#: Messages that one call of the script records: Lua can't unpack many thousands of arguments.
_MOST = 1000
_SHA = {each: hashlib.sha1(each.encode()).hexdigest() for each in (_TAKE, _RECORD)}  # noqa: S324
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
    most = min(room, _MOST - held)
    return list(_run(channel, _TAKE, channel._q_for_pri(queue, 0), most, SHARE))


def _run(channel: Any, script: str, key: str, *arguments: Any) -> Any:
    """What ``script`` returns; redis-py repeats a call that gets no answer, and loads the script.

    redis-py alone costs each call ten times as much.
    """
    pool, calls = channel.__dict__.get("script_calls", (None, None))
    if pool is not channel.pool:
        close(channel)
        with channel.conn_or_acquire() as client:
            pool, calls = channel.script_calls = channel.pool, CombinedCalls(client)
    with suppress(NoAnswer):
        name = channel.global_keyprefix + key
        return calls.run("EVALSHA", _SHA[script], 1, name, *arguments)
    with channel.conn_or_acquire() as client:
        return client.register_script(script)(keys=[key], args=arguments)


def close(channel: Any) -> None:
    """Close the connection of the scripts of a channel, if it has one."""
    _, calls = channel.__dict__.pop("script_calls", (None, None))
    if calls is not None:
        calls.close()


def record(channel: Any, taken: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Record messages as unacknowledged, each with its JSON text, before they are delivered."""
    entries: dict[str, str] = {}
    for text, envelope in taken:
        properties = envelope["properties"]
        info = properties["delivery_info"]
        names = json.dumps([info["exchange"], info["routing_key"]])
        entries[properties["delivery_tag"]] = f"[{text}, {names[1:]}"
    qos = channel.qos
    flat = [word for entry in entries.items() for word in entry]
    unacknowledged = channel.global_keyprefix + qos.unacked_key
    _run(channel, _RECORD, qos.unacked_index_key, unacknowledged, time.time(), *flat)
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
