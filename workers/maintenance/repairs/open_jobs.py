"""The open jobs that the broker knows, and whether one of them is overdue."""

from collections.abc import Iterator

from shared.broker.dispatch_state import DispatchState
from shared.broker.job_state import JobProgress
from shared.domain.lanes import PRIORITIES


def open_jobs(dispatch_state: DispatchState) -> Iterator[JobProgress]:
    """Progress of each open job of each pool and priority, oldest first."""
    for pool in dispatch_state.pools.ids():
        for priority in PRIORITIES:
            for job_id in dispatch_state.jobs.ids(pool, priority):
                job = dispatch_state.jobs.progress(job_id)
                if job is not None and job.state == "open":
                    yield job


def is_overdue(since: float, now: float, limit_s: float) -> bool:
    """Whether ``since`` is longer ago than ``limit_s``, or in the future (a clock was set)."""
    return not since <= now < since + limit_s
