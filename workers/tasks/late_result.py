"""Takes back a result that came after its job had ended or was purged.

A worker that stood still while its job was cancelled may store a page after ``_DONE``; the
commit then says "failed" of a page that has a good result. The commit stays as it is.
"""

import logging

from shared.document.record import DocumentRecord
from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.domain.records import PageResult
from shared.jobs.job_store import JobStore

log = logging.getLogger("pagefleet.late")
MAX_DOCUMENT_BYTES = 4 * 1024**3


def withdraw_if_late(jobs: JobStore, result: PageResult) -> bool:
    """Remove ``result``, just stored, where its job has ended without it; whether it did."""
    if not _is_late(jobs, result):
        return False
    log.warning("page %d of %s came too late", result.page, result.job_id)
    jobs.withdraw(result)
    return True


def _is_late(jobs: JobStore, result: PageResult) -> bool:
    if jobs.manifest(result.job_id) is None:
        return True
    if jobs.done(result.job_id) is None or result.status == "failed":
        return False
    if not jobs.store.exists(object_keys.failed_page(result.job_id, result.page)):
        return False  # nothing else could have been counted
    return _committed_status(jobs, result) == "failed"


def _committed_status(jobs: JobStore, result: PageResult) -> str | None:
    try:
        text = jobs.store.get(object_keys.document(result.job_id, "json"), MAX_DOCUMENT_BYTES)
    except NotFound:
        return None
    entries = DocumentRecord.model_validate_json(text).ledger
    return next((entry.status for entry in entries if entry.page == result.page), None)
