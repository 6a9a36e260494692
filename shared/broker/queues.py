"""Queue names and their order; each queue is a plain Redis list, which autoscalers can read."""

import re
from collections.abc import Iterable

from kombu import Exchange, Queue
from kombu.utils.scheduling import priority_cycle

from shared.domain.lanes import Lane
from shared.domain.records.messages import PAGE_QUEUE_PATTERN

REDUCE = "reduce"
MAINTENANCE = "maintenance"
PAGE_TASK = "pagefleet.page"
REDUCE_TASK = "pagefleet.reduce"
SWEEP_TASK = "pagefleet.sweep"

#: One poll in this many starts at a lower queue, so that no queue starves.
RESERVED_SHARE = 12


def page_queue(pool: str, lane: str) -> str:
    """The queue of a lane of the pool with the id ``pool``; the same as ``queue_name`` in Lua."""
    return f"pages.{pool}.{lane}"


def page_queues(pool: str) -> tuple[str, ...]:
    """All queues of a pool, most urgent first."""
    return tuple(page_queue(pool, lane) for lane in Lane)


def is_queue(name: object) -> bool:
    """Whether ``name`` is a queue of pagefleet, of whatever pool."""
    if name in (REDUCE, MAINTENANCE):
        return True
    return isinstance(name, str) and re.fullmatch(PAGE_QUEUE_PATTERN, name) is not None


def takes_batches(queue: str) -> bool:
    """Whether a worker takes several messages of ``queue`` at once.

    Pages from quarantine run alone, and a merge may take long.
    """
    return queue.startswith("pages.") and lane_of(queue) != Lane.QUARANTINE


def lane_of(queue: str) -> str:
    """The lane of a page queue."""
    return queue.rsplit(".", 1)[1]


def declare(names: Iterable[str]) -> list[Queue]:
    """Kombu queues for ``names``, each bound to an exchange of the same name."""
    return [Queue(name, Exchange(name, type="direct"), routing_key=name) for name in names]


class UrgentFirst(priority_cycle):  # type: ignore[misc]  # kombu has no types
    """Kombu's priority order with a small reserved share for the lower queues."""

    def __init__(self, it: list[str] | None = None) -> None:
        super().__init__(it)
        self._polls = 0
        #: Whether the last poll was one of the share of lower queues: it takes one message only.
        self.is_reserved = False

    def consume(self, n: int) -> list[str]:
        """The order in which the next poll tries the queues."""
        self._polls += 1
        items: list[str] = self.items[:n]
        turn, first = divmod(self._polls, RESERVED_SHARE)
        self.is_reserved = not first and len(items) > 1
        if not self.is_reserved:
            return items
        lead = turn % (len(items) - 1) + 1
        return items[lead:] + items[:lead]
