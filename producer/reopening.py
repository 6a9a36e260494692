"""Takes back the end of a job."""

from shared.jobs import JobStore, selected
from shared.ledger import Ledger
from shared.pages import expand
from shared.records import Manifest


def reopen(manifest: Manifest, jobs: JobStore, ledger: Ledger) -> None:
    """Let the failed and cancelled pages of an ended job run again, once it is opened."""
    states = jobs.page_states(manifest.job_id)
    chosen = set(expand(selected(manifest)))
    # First, or the sweeper takes the marker beside a tombstone for a cancel that died; and
    # afterwards, because it may have opened the job with half of the failures still there.
    ledger.forget_job(manifest.job_id)
    jobs.reopen(manifest, sorted(states.failed & chosen))
    ledger.forget_job(manifest.job_id)
