"""Queue names and their order: plain Redis lists, because autoscalers see nothing else."""

from collections.abc import Iterable

from kombu import Exchange, Queue
from kombu.utils.scheduling import priority_cycle

REDUCE = "reduce"
MAINTENANCE = "maintenance"
LANES = ("high", "normal", "low", "quarantine")
PAGE_TASK = "pagefleet.page"
REDUCE_TASK = "pagefleet.reduce"
SWEEP_TASK = "pagefleet.sweep"

#: One look in so many begins at a lower queue, so that none ever starves.
RESERVED_SHARE = 12


def page_queue(engine: str, lane: str) -> str:
    """The queue of an engine's pool; ``lane`` is a priority or "quarantine"."""
    return f"pages.{engine}.{lane}"


def page_queues(engine: str) -> tuple[str, ...]:
    """All queues of an engine's pool, most urgent first."""
    return tuple(page_queue(engine, lane) for lane in LANES)


def lane_of(queue: str) -> str:
    """The last part of a page queue's name."""
    return queue.rsplit(".", 1)[1]


def declare(names: Iterable[str]) -> list[Queue]:
    """Kombu queues for ``names``, each bound to an exchange of its own name."""
    return [Queue(name, Exchange(name, type="direct"), routing_key=name) for name in names]


class UrgentFirst(priority_cycle):  # type: ignore[misc]  # kombu has no types
    """Kombu's priority order with a small reserved share for the lower queues."""

    def __init__(self, it: list[str] | None = None) -> None:
        super().__init__(it)
        self._looks = 0

    def consume(self, n: int) -> list[str]:
        """The order in which the next look goes through the queues."""
        self._looks += 1
        items: list[str] = self.items[:n]
        turn, first = divmod(self._looks, RESERVED_SHARE)
        if first or len(items) < 2:
            return items
        lead = turn % (len(items) - 1) + 1
        return items[lead:] + items[:lead]
