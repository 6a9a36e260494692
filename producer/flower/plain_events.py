"""Lets only plain, known fields of events into Flower's memory.

Any client of the broker can send events. Celery copies all fields of an event into its record of a
task, so a field with the name of a method breaks the record, and Flower's page takes a list for
HTML.
"""

from collections.abc import Callable, Mapping
from typing import Any

#: Fields of the events of tasks and workers in Celery's documentation, and those that it adds.
FIELDS = frozenset(
    {
        *("type", "hostname", "timestamp", "local_received", "clock", "utcoffset", "pid"),
        *("uuid", "name", "args", "kwargs", "retries", "eta", "expires", "root_id", "parent_id"),
        *("queue", "exchange", "routing_key", "result", "runtime", "exception", "traceback"),
        *("terminated", "signum", "expired", "requeue", "sent", "received", "started"),
        *("freq", "active", "processed", "loadavg", "sw_ident", "sw_ver", "sw_sys"),
    }
)
_NAMES = ("type", "hostname")
_NUMBERS = (int, float)


def with_plain_events(event: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    """``event`` of Flower's state, which leaves out malformed events and unknown fields."""

    def receive(fields: Any) -> Any:
        plain = plain_event(fields)
        return None if plain is None else event(plain)

    return receive


def plain_event(fields: Any) -> dict[str, Any] | None:
    """The known fields, lists and objects as text; None if the event names no task or worker."""
    if not isinstance(fields, Mapping) or not _is_named(fields):
        return None
    return {name: _plain(name, value) for name, value in fields.items() if name in FIELDS}


def _is_named(fields: Mapping[str, Any]) -> bool:
    is_task = str(fields.get("type")).startswith("task-")
    names = (*_NAMES, "uuid") if is_task else _NAMES
    numbers = ("timestamp", "local_received", "clock") if is_task else ("timestamp",)
    return all(isinstance(fields.get(name), str) for name in names) and all(
        isinstance(fields.get(name), _NUMBERS) for name in numbers
    )


def _plain(name: str, value: Any) -> Any:
    if name == "loadavg" and isinstance(value, list | tuple):
        return [each for each in value[:3] if isinstance(each, _NUMBERS)]
    return str(value) if isinstance(value, list | tuple | dict) else value
