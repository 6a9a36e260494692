"""Waits for the end of jobs and reports their progress on the way."""

import math
import time
from collections.abc import Callable, Iterable, Iterator

from producer.status.job_facts import hot_job
from shared.broker.dispatch_state import DispatchState
from shared.broker.job_state import JobProgress
from shared.domain.errors import UsageError
from shared.domain.records.job import Done
from shared.jobs.job_store import JobStore

#: Seconds between polls of a hot job.
POLL_S = 0.2
#: Seconds between polls where only the store shows whether a job has ended.
STORE_POLL_S = 1.0


class Follower:
    """Reads the state of jobs: their end from the store, their progress from the broker."""

    def __init__(self, jobs: JobStore, dispatch_state: DispatchState | None) -> None:
        self._jobs = jobs
        self._dispatch_state = dispatch_state

    def progress(self, job_id: str) -> JobProgress | None:
        """The job in the dispatch state; None where it is not hot or the broker does not answer."""
        return hot_job(job_id, self._dispatch_state)

    def ended(self, job_id: str, progress: JobProgress | None) -> Done | None:
        """``_DONE`` of the job; not read while ``progress`` shows unfinished pages."""
        if progress is not None and progress.state == "open" and progress.done < progress.total:
            return None
        return self._jobs.done(job_id)

    def check_exists(self, job_id: str) -> None:
        """Raise UsageError where the job no longer exists."""
        if self._jobs.manifest(job_id) is None:
            raise UsageError(f"job {job_id} was purged during the wait")


def follow(
    follower: Follower,
    job_ids: Iterable[str],
    on_progress: Callable[[str, JobProgress], None],
    deadline: float | None = None,
) -> Iterator[tuple[str, Done]]:
    """Yield each job as it ends, until all have ended or the monotonic ``deadline`` has passed.

    Raises UsageError for a job that was purged.
    """
    open_ids = list(dict.fromkeys(job_ids))
    while open_ids:
        pause = STORE_POLL_S
        for job_id in list(open_ids):
            progress = follower.progress(job_id)
            done = follower.ended(job_id, progress)
            if done is not None:
                open_ids.remove(job_id)
                yield job_id, done
            elif progress is not None:
                pause = POLL_S
                on_progress(job_id, progress)
            else:
                follower.check_exists(job_id)
        remaining = math.inf if deadline is None else deadline - time.monotonic()
        if remaining <= 0:
            return
        if open_ids:
            time.sleep(min(pause, remaining))
