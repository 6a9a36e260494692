"""Takes back the end of a job, also against a cancel that is at it just now."""

from typing import TYPE_CHECKING

from shared.broker.dispatch_state import Ledger
from shared.domain.page_ranges import expand
from shared.domain.records import Manifest
from shared.jobs.activation import open_job
from shared.jobs.job_store import JobStore, selected

if TYPE_CHECKING:
    from shared.broker.dispatcher import Dispatcher

#: Times that a job is set against a cancel that commits at the same moment.
TRIES = 3


def reopen(manifest: Manifest, jobs: JobStore, ledger: Ledger) -> None:
    """Let the failed and cancelled pages of an ended job run again, once it is opened."""
    states = jobs.page_states(manifest.job_id)
    chosen = set(expand(selected(manifest)))
    # First, or the sweeper takes the marker beside a tombstone for a cancel that died; and
    # afterwards, because it may have opened the job with half of the failures still there.
    ledger.reopen_job(manifest.job_id)
    jobs.reopen(manifest, sorted(states.failed & chosen))
    ledger.reopen_job(manifest.job_id)


def take_up(manifest: Manifest, jobs: JobStore, ledger: Ledger, dispatcher: "Dispatcher") -> None:
    """Open an unfinished job; what a cancel records or commits meanwhile does not count."""
    for _ in range(TRIES):
        if _is_cancelled(manifest.job_id, jobs, ledger):
            reopen(manifest, jobs, ledger)
        open_job(manifest, jobs, ledger, dispatcher)
        if not _is_cancelled(manifest.job_id, jobs, ledger):
            return


def _is_cancelled(job_id: str, jobs: JobStore, ledger: Ledger) -> bool:
    if ledger.job_state(job_id) == "cancelled":
        return True
    done = jobs.done(job_id)
    return done is not None and done.status == "cancelled"
