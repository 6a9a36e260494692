"""Replaces ten functions of kombu 5.7.0, so that workers survive lost broker connections.

Without it, closing a channel with a pending BRPOP on a dead socket aborts half-way and later kills
the worker; a late acknowledgement on a closed channel has no connection pool; and a lost connection
requeues every page that still runs, so that it runs twice; and an element of a queue, or an entry
among the unacknowledged messages, that is no message ends the worker, and so does a command of
remote control that is none. docs/adr/0003-kombu-guard.md
has the details. The lease (visibility timeout) decides instead which messages are lost.
"""

import base64
import json
import logging
import uuid
from queue import Empty
from typing import Any

import kombu
from kombu import matcher
from kombu.transport import redis as transport
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import dumps, loads

from shared.broker.queues import UrgentFirst, is_queue, takes_batches
from shared.broker.transport import kombu_batches

log = logging.getLogger("pagefleet.messages")
PATCHED_VERSION = "5.7.0"


def install() -> None:
    """Replace the functions once; does nothing with any other version of kombu."""
    channel = transport.Channel
    if kombu.__version__ != PATCHED_VERSION or getattr(channel, "guarded", False):
        return
    channel.close = _close_despite_dead_socket(channel.close)
    channel._disconnect_pools = _keep_pool(channel._disconnect_pools)
    channel._create_client = _keep_client(channel._create_client)
    channel._brpop_read = _read_any_element
    channel._receive_one = _receive_any_command(channel._receive_one)
    channel._deliver_fanout_message = _checked(channel._deliver_fanout_message)
    channel.do_restore = False
    transport.QoS.restore_by_tag = _restore_any_entry
    kombu_batches.install()
    # The regular expression of a command can block the event loop of a worker without end.
    matcher.unregister("pcre")
    channel.guarded = True


def _close_despite_dead_socket(close: Any) -> Any:
    def guarded_close(self: Any) -> Any:
        if self._in_poll:
            try:
                self._brpop_read()
            except (Empty, *self.connection_errors):
                pass
        kombu_batches.close(self)
        return close(self)

    return guarded_close


def _keep_pool(disconnect_pools: Any) -> Any:
    def guarded_disconnect(self: Any) -> None:
        # Late acknowledgements use the pool again; redis-py then reconnects.
        pool = self._pool
        disconnect_pools(self)
        self._pool = pool

    return guarded_disconnect


def _keep_client(create_client: Any) -> Any:
    """kombu makes a client for each receipt and acknowledgement, which costs more than its use."""

    def guarded_create(self: Any, asynchronous: bool = False) -> Any:
        if asynchronous:
            return create_client(self, asynchronous=True)
        kept = self.__dict__.get("kept_client")
        if kept is None or kept.connection_pool is not self.pool:
            kept = self.kept_client = create_client(self)
        return kept

    return guarded_create


def _read_any_element(self: Any, **options: Any) -> bool:
    """kombu's function, except that an element that is no message is delivered as its text."""
    try:
        try:
            reply = self.client.parse_response(self.client.connection, "BRPOP", **options)
        except self.connection_errors:
            self.client.connection.disconnect()
            raise
        if not reply:
            raise Empty
        queue = bytes_to_str(reply[0]).rsplit(self.sep, 1)[0]
        self._queue_cycle.rotate(queue)
        for envelope in _with_more(self, queue, reply[1]):
            self.connection._deliver(envelope, queue)
        return True
    finally:
        self._in_poll = None
        self._flush_brpop_reauth()


def _with_more(self: Any, queue: str, first: bytes) -> list[dict[str, Any]]:
    """The envelope of the element ``first``; of a page, with more of its queue, all recorded."""
    cycle = self._queue_cycle
    is_reserved = isinstance(cycle, UrgentFirst) and cycle.is_reserved
    if is_reserved or not takes_batches(queue):
        return [envelope_of(first, queue)]
    elements = [first, *kombu_batches.take_more(self, queue, held=1)]
    taken = [_taken(element, queue) for element in elements]
    kombu_batches.record(self, taken)
    return [envelope for _, envelope in taken]


def _taken(element: bytes | str, queue: str) -> tuple[str, dict[str, Any]]:
    """An element's envelope, and the same as JSON."""
    envelope = _parsed(element)
    if envelope is not None:
        return bytes_to_str(element), envelope
    wrapped = _wrapped(element, queue)
    return dumps(wrapped), wrapped


def _receive_any_command(receive_one: Any) -> Any:
    def guarded_receive(self: Any, client: Any) -> bool:
        try:
            return bool(receive_one(self, client))
        except Empty:
            return False
        except self.connection_errors:
            raise
        except Exception as error:  # any error, because any client can publish anything
            log.error("refused a command of remote control: %s", type(error).__name__)
            return False

    return guarded_receive


def _checked(deliver: Any) -> Any:
    def guarded_deliver(self: Any, message: Any, exchange: str) -> Any:
        try:
            _check_envelope(message)
        except Exception as error:  # kombu takes some of them for a lost connection
            raise ValueError("no envelope of a command") from error
        return deliver(self, message, exchange)

    return guarded_deliver


def _restore_any_entry(self: Any, tag: Any, client: Any = None, leftmost: bool = False) -> None:
    """kombu's function, except that no entry can stop the restoring of others or get lost.

    A message goes to its own queue, whether or not a worker has declared it. Any other entry goes
    to a queue of this worker, which refuses and records it.
    """

    def move(pipe: Any) -> None:
        entry = pipe.hget(self.unacked_key, tag)
        back = _way_back(entry, sorted(self.channel.active_queues))
        if entry is not None and back is None:
            return  # another worker has a queue for it
        pipe.multi()
        self._remove_from_indices(tag, pipe)
        if back is not None:
            (pipe.lpush if leftmost else pipe.rpush)(*back)

    with self.channel.conn_or_acquire(client) as connection:
        try:
            connection.transaction(move, self.unacked_key)
        except self.channel.connection_errors:
            raise
        except Exception as error:  # for example, the key of its queue is no list
            log.warning("an unacknowledged message is not restored: %s", error)


def _way_back(entry: bytes | str | None, own_queues: list[str]) -> tuple[str, str] | None:
    """The queue and the element that ``entry`` becomes; None where there is none."""
    if entry is None:
        return None
    message = restorable(entry)
    if message is not None:
        queue, envelope = message
        envelope["headers"] = {**(envelope.get("headers") or {}), "redelivered": True}
        return queue, dumps(envelope)
    # In a list, so that it is not taken for a message.
    element = json.dumps([_text(entry) if isinstance(entry, bytes) else entry])
    return (own_queues[0], element) if own_queues else None


def restorable(entry: bytes | str) -> tuple[str, dict[str, Any]] | None:
    """Queue and envelope of an unacknowledged message; None for any other entry."""
    try:
        envelope, exchange, queue = loads(bytes_to_str(entry))
        _check_envelope(envelope)
        dumps(envelope)
    except Exception:  # any error, because an entry may be anything
        return None
    # The default exchange, "", leads to the queue of the name too.
    return (queue, envelope) if exchange in ("", queue) and is_queue(queue) else None


def _text(element: bytes) -> str:
    return element.decode(errors="replace")


def envelope_of(element: bytes | str, queue: str) -> dict[str, Any]:
    """The envelope that ``element`` is, else one without headers whose body is its text."""
    return _parsed(element) or _wrapped(element, queue)


def _parsed(element: bytes | str) -> dict[str, Any] | None:
    """The envelope that ``element`` is, else None."""
    try:
        text = bytes_to_str(element)
        # Not by kombu, whose hook for every object costs more than the rest.
        envelope = json.loads(text)
        _check_fields(envelope)
        if not text.isascii() or "\\u" in text:
            _check_encodable(envelope)
    except Exception:  # any error, because an element may be anything
        return None
    return envelope  # type: ignore[no-any-return]


def _check_envelope(envelope: Any) -> None:
    """Raise ValueError or TypeError where kombu could not make a message of ``envelope``."""
    _check_fields(envelope)
    _check_encodable(envelope)


def _check_fields(envelope: Any) -> None:
    properties = envelope["properties"]
    info = properties["delivery_info"]
    texts = (envelope["body"], properties["delivery_tag"], info["exchange"], info["routing_key"])
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a field of the envelope is no text")
    headers = envelope.get("headers") or {}
    if headers.get("compression"):
        raise ValueError("a small compressed body may need all memory")
    if properties.get("body_encoding") == "base64":
        base64.b64decode(envelope["body"]).decode()
    elif properties.get("body_encoding") is not None:
        raise ValueError("the encoding of the body is not known")


def _check_encodable(envelope: Any) -> None:
    """Raise ValueError for a lone surrogate: Redis gets some of these texts as UTF-8."""
    json.dumps(envelope, ensure_ascii=False).encode()


def _wrapped(element: bytes | str, queue: str) -> dict[str, Any]:
    text = _text(element) if isinstance(element, bytes) else element
    return {
        "body": text.encode(errors="replace").decode(),
        "content-type": "text/plain",
        "content-encoding": "utf-8",
        "headers": {},
        "properties": {
            "delivery_tag": str(uuid.uuid4()),
            "delivery_info": {"exchange": queue, "routing_key": queue},
        },
    }
