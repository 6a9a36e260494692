"""Ends a job before its time: every page without a result is recorded as cancelled.

The last command counts. Somebody may submit the job again meanwhile, which takes the broker's
word "cancelled" back: from then on nothing more is recorded here, and a commit is undone.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from shared.errors import Cancelled, NotFound, UsageError
from shared.jobs import READERS, JobStore, missing_pages
from shared.ledger import Ledger
from shared.pages import expand
from shared.records import Done, EngineInfo, ErrorInfo, Manifest, PageResult
from shared.reduction import PagesMissing, reduce_job

#: How long running pages may take to let go before the ledger is written.
LET_GO_S = 8.0


class TakenUpAgain(UsageError):
    """Somebody wants the job after all."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"job {job_id} was submitted again or purged while it was cancelled")


def cancel_job(manifest: Manifest, jobs: JobStore, ledger: Ledger | None) -> Done:
    """Stop the job where a broker is there, record what is missing, write the document.

    Idempotent; a job that has ended already stays as it is. Raises TakenUpAgain.
    """
    job_id = manifest.job_id
    if jobs.done(job_id) is None:
        if ledger is not None:
            ledger.cancel_job(job_id)
            _wait_until_let_go(manifest, ledger)
        _record_missing(manifest, jobs, ledger)
        done = _committed(manifest, jobs)
        if ledger is not None and ledger.job_state(job_id) == "open":
            jobs.undo_done(manifest)
            raise TakenUpAgain(job_id)
    else:
        done = _committed(manifest, jobs)
    if ledger is not None:
        ledger.end_cancelled(job_id)
    return done


def _committed(manifest: Manifest, jobs: JobStore) -> Done:
    try:
        return reduce_job(jobs, manifest)
    except (PagesMissing, NotFound):
        raise TakenUpAgain(manifest.job_id) from None


def _record_missing(manifest: Manifest, jobs: JobStore, ledger: Ledger | None) -> None:
    missing = iter(expand(missing_pages(manifest, jobs.page_states(manifest.job_id))))
    with ThreadPoolExecutor(READERS, thread_name_prefix="cancel") as pool:
        while batch := list(islice(missing, READERS)):
            if not _still_cancelled(manifest, ledger):
                raise TakenUpAgain(manifest.job_id)
            list(pool.map(lambda page: jobs.write_result(cancelled_page(manifest, page)), batch))
    if not _still_cancelled(manifest, ledger):
        raise TakenUpAgain(manifest.job_id)


def _still_cancelled(manifest: Manifest, ledger: Ledger | None) -> bool:
    """False once somebody took the job up; "ended" means that another cancel came first."""
    return ledger is None or ledger.job_state(manifest.job_id) in ("cancelled", "ended")


def cancelled_page(manifest: Manifest, page: int) -> PageResult:
    """The ledger entry of a page that nobody read because the job was cancelled."""
    options = manifest.options
    return PageResult(
        job_id=manifest.job_id,
        page=page,
        status="failed",
        task=options.task,
        engine=EngineInfo(name=options.engine, model=options.model, version="none"),
        attempts=0,
        error=ErrorInfo(code=Cancelled.code, message="the job was cancelled before this page"),
    )


def _wait_until_let_go(manifest: Manifest, ledger: Ledger) -> None:
    deadline = time.monotonic() + LET_GO_S
    while ledger.held_pages(manifest.options.engine, manifest.job_id):
        if time.monotonic() > deadline:
            return
        time.sleep(0.1)
