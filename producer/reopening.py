"""Takes back the end of a job."""

from shared.jobs import JobStore, selected
from shared.ledger import Ledger
from shared.pages import expand
from shared.records import Manifest


def reopen(manifest: Manifest, jobs: JobStore, ledger: Ledger) -> None:
    """Let the failed and cancelled pages of an ended job run again, once it is opened."""
    states = jobs.page_states(manifest.job_id)
    chosen = set(expand(selected(manifest)))
    jobs.reopen(manifest, sorted(states.failed & chosen))
    ledger.close_job(manifest.job_id)
