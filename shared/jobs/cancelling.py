"""Cancels a job: records every page without a result as cancelled, then commits.

The last command counts. A submission that resumes the job meanwhile replaces the broker's state
"cancelled": from then on this cancel records no more pages and undoes its commit. A record that
comes late does no harm, because all other code treats a cancelled page as one without a result.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from shared.broker.dispatch_state import DispatchState
from shared.domain import object_keys
from shared.domain.errors import Cancelled, NotFound, UsageError
from shared.domain.page_ranges import expand
from shared.domain.records.base import to_json
from shared.domain.records.job import Done, Manifest
from shared.domain.records.page_result import EngineInfo, ErrorInfo, PageResult
from shared.jobs.job_store import READERS, JobStore, missing_pages
from shared.jobs.purging import purge_rest
from shared.jobs.reduction import PagesMissing, reduce_job

#: Seconds that workers get to release pages in flight before the pages are recorded.
RELEASE_WAIT_S = 8.0
TAKEN_UP = ("open", "reopened")


class JobResumed(UsageError):
    """The job was submitted again or purged while it was cancelled."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"job {job_id} was submitted again or purged while it was cancelled")


def cancel_job(
    manifest: Manifest,
    jobs: JobStore,
    dispatch_state: DispatchState | None,
    release_wait_s: float = RELEASE_WAIT_S,
) -> Done:
    """Stop the job in the broker, record its missing pages, write the document.

    Without a broker the job is only ended in the store. Idempotent; a job that has ended stays as
    it is. Raises JobResumed.
    """
    done = jobs.done(manifest.job_id)
    # Also for a cancelled job: a submission may be about to resume it.
    if dispatch_state is not None and (done is None or done.status == "cancelled"):
        dispatch_state.jobs.cancel(manifest.job_id)
    return finish_cancel(manifest, jobs, dispatch_state, release_wait_s)


def finish_cancel(
    manifest: Manifest,
    jobs: JobStore,
    dispatch_state: DispatchState | None,
    release_wait_s: float = RELEASE_WAIT_S,
) -> Done:
    """Complete a cancel that has set the broker's state; raises JobResumed."""
    try:
        return _finish(manifest, jobs, dispatch_state, release_wait_s)
    except JobResumed:
        if jobs.manifest(manifest.job_id) is None:
            purge_rest(jobs, manifest.job_id)  # what was written here after the purge
        raise


def _finish(
    manifest: Manifest,
    jobs: JobStore,
    dispatch_state: DispatchState | None,
    release_wait_s: float,
) -> Done:
    job_id = manifest.job_id
    if dispatch_state is not None and jobs.done(job_id) is None:
        _wait_until_released(manifest, dispatch_state, release_wait_s)
    while (done := _committed(manifest, jobs, dispatch_state)) is None:
        pass  # results were deleted meanwhile
    if dispatch_state is not None:
        if done.status == "cancelled" and dispatch_state.jobs.state(job_id) in TAKEN_UP:
            jobs.undo_done(manifest)
            raise JobResumed(job_id)
        dispatch_state.jobs.end_cancelled(job_id)
    return done


def _committed(
    manifest: Manifest, jobs: JobStore, dispatch_state: DispatchState | None
) -> Done | None:
    try:
        if jobs.done(manifest.job_id) is None:
            _record_missing(manifest, jobs, dispatch_state)
        return reduce_job(jobs, manifest, cancelling=True)
    except PagesMissing:
        return None
    except NotFound:
        raise JobResumed(manifest.job_id) from None


def _record_missing(
    manifest: Manifest, jobs: JobStore, dispatch_state: DispatchState | None
) -> None:
    missing = iter(expand(missing_pages(manifest, jobs.page_states(manifest.job_id))))
    with ThreadPoolExecutor(READERS, thread_name_prefix="cancel") as pool:
        while _is_needed(manifest, jobs, dispatch_state) and (
            batch := list(islice(missing, READERS))
        ):
            list(pool.map(lambda page: _record(manifest, jobs, page), batch))


def _record(manifest: Manifest, jobs: JobStore, page: int) -> None:
    """Never replace another record: the page may have failed by itself meanwhile."""
    key = object_keys.failed_page(manifest.job_id, page)
    jobs.store.put_new(key, to_json(cancelled_page(manifest, page)))


def _is_needed(manifest: Manifest, jobs: JobStore, dispatch_state: DispatchState | None) -> bool:
    """False once the job has ended; raises JobResumed."""
    job_id = manifest.job_id
    # The manifest first: a purged job must get no state in the broker.
    resumed = jobs.manifest(job_id) != manifest
    if not resumed and dispatch_state is not None:
        # The state expires during a long cancel, after a clock jump or with an emptied broker.
        resumed = dispatch_state.jobs.keep_cancelled(job_id) in TAKEN_UP
    # Last: the job may have ended by another cancel, or because its last pages were read.
    if jobs.done(job_id) is not None:
        return False
    if resumed:
        raise JobResumed(job_id)
    return True


def cancelled_page(manifest: Manifest, page: int) -> PageResult:
    """The ledger entry of a page that was not read because the job was cancelled."""
    options = manifest.options
    return PageResult(
        job_id=manifest.job_id,
        page=page,
        status="failed",
        task=options.task,
        engine=EngineInfo(
            name=options.engine, model=options.model, version="none", revision=options.revision
        ),
        attempts=0,
        error=ErrorInfo(code=Cancelled.code, message="the job was cancelled before this page"),
    )


def _wait_until_released(
    manifest: Manifest, dispatch_state: DispatchState, release_wait_s: float
) -> None:
    deadline = time.monotonic() + release_wait_s
    while dispatch_state.pages.in_flight(manifest.options.pool.id, manifest.job_id):
        if time.monotonic() > deadline:
            return
        time.sleep(0.1)
