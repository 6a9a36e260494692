"""Ends a job before its time: every page without a result is recorded as cancelled."""

import time
from concurrent.futures import ThreadPoolExecutor

from shared.errors import Cancelled
from shared.jobs import READERS, JobStore, missing_pages
from shared.ledger import Ledger
from shared.pages import expand
from shared.records import Done, EngineInfo, ErrorInfo, Manifest, PageResult
from shared.reduction import reduce_job

#: How long running pages may take to let go before the ledger is written.
LET_GO_S = 8.0


def cancel_job(manifest: Manifest, jobs: JobStore, ledger: Ledger | None) -> Done:
    """Stop the job where a broker is there, record what is missing, write the document.

    Idempotent; a job that has ended already stays as it is.
    """
    if jobs.done(manifest.job_id) is None:
        if ledger is not None:
            ledger.cancel_job(manifest.job_id)
            _wait_until_let_go(manifest, ledger)
        _record_missing(manifest, jobs)
    done = reduce_job(jobs, manifest)
    if ledger is not None:
        ledger.end_job(manifest.job_id)
    return done


def _record_missing(manifest: Manifest, jobs: JobStore) -> None:
    missing = expand(missing_pages(manifest, jobs.page_states(manifest.job_id)))
    with ThreadPoolExecutor(READERS, thread_name_prefix="cancel") as pool:
        list(pool.map(lambda page: jobs.write_result(cancelled_page(manifest, page)), missing))


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
