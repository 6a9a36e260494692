"""Takes back the end of a job, also against a cancel that is at it just now."""

from typing import TYPE_CHECKING

from shared.broker.dispatch_state import DispatchState
from shared.domain.page_ranges import expand
from shared.domain.records import Manifest
from shared.jobs.activation import open_job
from shared.jobs.job_store import JobStore, selected

if TYPE_CHECKING:
    from shared.broker.dispatcher import Dispatcher

#: Times that a job is set against a cancel that commits at the same moment.
TRIES = 3


def reopen(manifest: Manifest, jobs: JobStore, dispatch_state: DispatchState) -> None:
    """Let the failed and cancelled pages of an ended job run again, once it is opened."""
    states = jobs.page_states(manifest.job_id)
    chosen = set(expand(selected(manifest)))
    # First, or the sweeper takes the marker beside a tombstone for a cancel that died; and
    # afterwards, because it may have opened the job with half of the failures still there.
    dispatch_state.jobs.reopen(manifest.job_id)
    jobs.reopen(manifest, sorted(states.failed & chosen))
    dispatch_state.jobs.reopen(manifest.job_id)


def take_up(
    manifest: Manifest, jobs: JobStore, dispatch_state: DispatchState, dispatcher: "Dispatcher"
) -> None:
    """Open an unfinished job; what a cancel records or commits meanwhile does not count."""
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
