"""Reducers: they merge the documents whose pages are all done, and end the jobs."""

from collections.abc import Callable
from heapq import heappop, heappush

from benchmarks.simulator.corpus import Job
from benchmarks.simulator.parameters import Control, StoreCosts
from benchmarks.simulator.servers import Servers, Store


class Reducers:
    """Equal reducers of one shard."""

    def __init__(self, control: Control, costs: StoreCosts, store: Store) -> None:
        self._control = control
        self._latency_s = costs.get_s + 3 * costs.put_s
        self._store = store
        self._servers = Servers(control.reducers)
        #: Ends of jobs that are still open, the earliest first.
        self._closing: list[float] = []
        self.ended = 0
        self.last_end_s = 0.0
        self.on_end: Callable[[Job, float], None] = lambda _job, _end: None

    def reduce(self, job: Job, now: float) -> None:
        """Merge the document of ``job``, all of whose pages are done."""
        pages = job.document.pages
        work = self._control.reduce_document_s + pages * self._control.reduce_page_s
        end = self._servers.end(now, work) + self._latency_s
        self._store.reduced(pages)
        heappush(self._closing, end)
        self.last_end_s = max(self.last_end_s, end)
        self.on_end(job, end)

    def closing(self, now: float) -> int:
        """Jobs that are still being reduced."""
        while self._closing and self._closing[0] <= now:
            heappop(self._closing)
            self.ended += 1
        return len(self._closing)

    @property
    def busy_s(self) -> float:
        """Seconds of all reducers together."""
        return self._servers.busy_s
