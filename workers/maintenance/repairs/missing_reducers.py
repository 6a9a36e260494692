"""Sends the reduce message again of jobs whose pages are all done."""

from typing import ClassVar

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.job_state import JobProgress
from workers.maintenance.repairs.open_jobs import is_overdue, open_jobs
from workers.maintenance.repairs.repair import SweepTimings


class MissingReducers:
    """Covers workers that died before they sent the message, and reducers that died with it."""

    kind: ClassVar[str | None] = "reducers"

    def __init__(
        self, dispatch_state: DispatchState, dispatcher: Dispatcher, timings: SweepTimings
    ) -> None:
        self._dispatch_state = dispatch_state
        self._dispatcher = dispatcher
        self._timings = timings

    def run(self) -> int:
        """Look at every open job; returns the number of messages sent."""
        now, sent = self._dispatch_state.now(), 0
        for job in open_jobs(self._dispatch_state):
            if job.done >= job.total and self._is_missing(job, now):
                self._dispatch_state.jobs.claim_reducer(job.job_id)
                self._dispatcher.reduce(job.job_id)
                sent += 1
        return sent

    def _is_missing(self, job: JobProgress, now: float) -> bool:
        since = job.reduce_since
        return since is None or is_overdue(since, now, self._timings.stalled_after_s)
