"""Takes back the end of a job."""

from typing import TYPE_CHECKING

from shared import keys
from shared.document.outcome import was_cancelled
from shared.jobs import JobStore, selected
from shared.ledger import Ledger
from shared.pages import expand
from shared.records import Manifest

if TYPE_CHECKING:
    from shared.dispatcher import Dispatcher


def reopen(manifest: Manifest, jobs: JobStore, ledger: Ledger) -> None:
    """Let the failed and cancelled pages of an ended job run again, once it is opened."""
    states = jobs.page_states(manifest.job_id)
    chosen = set(expand(selected(manifest)))
    # First, or the sweeper takes the marker beside a tombstone for a cancel that died; and
    # afterwards, because it may have opened the job with half of the failures still there.
    ledger.forget_job(manifest.job_id)
    jobs.reopen(manifest, sorted(states.failed & chosen))
    ledger.forget_job(manifest.job_id)


def reread_cancelled(
    manifest: Manifest, jobs: JobStore, ledger: Ledger, dispatcher: "Dispatcher"
) -> None:
    """Let pages run after all that a cancel recorded while the job was being opened."""
    job_id, states = manifest.job_id, jobs.page_states(manifest.job_id)
    found = jobs.results(job_id, sorted(states.failed), states)
    pages = [result.page for result in found if was_cancelled(result)]
    if pages:
        jobs.store.delete([keys.failed_page(job_id, page) for page in pages])
        ledger.redo(job_id, pages)
        dispatcher.top_up(manifest.options.engine, manifest.priority, force=True)
