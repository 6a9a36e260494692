"""Limits what a worker obeys in Celery's remote control.

Any client that can write to the broker can send such a command to all workers at once.
"""

from collections.abc import Iterable

from celery.worker.control import Panel

#: Commands that only read; Flower shows their answers.
READING = frozenset(
    {
        *("active", "active_queues", "conf", "ping", "registered", "report", "reserved"),
        *("revoked", "scheduled", "stats"),
    }
)


def only_read() -> None:
    """Remove every command from this process that could end or change a worker."""
    _remove(set(Panel.data) - READING)


def _remove(names: Iterable[str]) -> None:
    for name in names:
        del Panel.data[name]
