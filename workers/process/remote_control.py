"""Limits what a worker obeys in Celery's remote control.

Any client that can write to the broker can send such a command to all workers at once.
"""

from collections.abc import Iterable
from contextlib import suppress

from celery.worker.control import Panel
from kombu import matcher

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
    # A regular expression of another program can block the event loop without end.
    with suppress(matcher.MatcherNotInstalled):
        matcher.unregister("pcre")


def _remove(names: Iterable[str]) -> None:
    for name in names:
        del Panel.data[name]
