"""Opens ended and unfinished jobs again, also while a cancel of the same job runs."""

from typing import TYPE_CHECKING

from shared.broker.dispatch_state import DispatchState
from shared.domain.page_ranges import expand
from shared.domain.records.job import Manifest
from shared.jobs.activation import open_job
from shared.jobs.job_store import JobStore

if TYPE_CHECKING:
    from shared.broker.dispatcher import Dispatcher

#: How often a job is opened again because a concurrent cancel ended it.
TRIES = 3


def reopen(manifest: Manifest, jobs: JobStore, dispatch_state: DispatchState) -> None:
    """Mark the failed and cancelled pages of an ended job to run again when it is opened."""
    states = jobs.page_states(manifest.job_id)
    chosen = set(expand(manifest.page_ranges))
    # Before: the sweeper takes a job marker of a cancelled job for a cancel that crashed.
    # After: the sweeper may have opened the job while some of its failures were still stored.
    dispatch_state.jobs.reopen(manifest.job_id)
    jobs.reopen(manifest, sorted(states.failed & chosen))
    dispatch_state.jobs.reopen(manifest.job_id)


def resume(
    manifest: Manifest, jobs: JobStore, dispatch_state: DispatchState, dispatcher: "Dispatcher"
) -> None:
    """Open an unfinished job; undoes what a concurrent cancel records or commits."""
    for _ in range(TRIES):
        if _is_cancelled(manifest.job_id, jobs, dispatch_state):
            reopen(manifest, jobs, dispatch_state)
        open_job(manifest, jobs, dispatch_state, dispatcher)
        if not _is_cancelled(manifest.job_id, jobs, dispatch_state):
            return


def _is_cancelled(job_id: str, jobs: JobStore, dispatch_state: DispatchState) -> bool:
    if dispatch_state.jobs.state(job_id) == "cancelled":
        return True
    done = jobs.done(job_id)
    return done is not None and done.status == "cancelled"
