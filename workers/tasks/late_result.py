"""Withdraws a page result that was stored after its job had ended or was purged.

A worker that was paused while its job was cancelled may store a page after ``_DONE``. The
commit then counts a page as failed that has a good result; the commit stays as it is.
"""

import logging

from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.domain.records.page_result import PageResult
from shared.jobs.job_store import JobStore

log = logging.getLogger("pagefleet.late")
MAX_DOCUMENT_BYTES = 4 * 1024**3


def withdraw_if_late(jobs: JobStore, result: PageResult) -> bool:
    """Remove ``result``, just stored, if its job ended without it; returns whether it did."""
    if not _is_late(jobs, result):
        return False
    log.warning(
        "the result of page %d of %s came after its job had ended", result.page, result.job_id
    )
    jobs.withdraw(result)
    return True


def _is_late(jobs: JobStore, result: PageResult) -> bool:
    if jobs.manifest(result.job_id) is None:
        return True
    if jobs.done(result.job_id) is None or result.status == "failed":
        return False
    if not jobs.store.exists(object_keys.failed_page(result.job_id, result.page)):
        return False  # without a stored failure, the commit counted this result
    return _committed_status(jobs, result) == "failed"


def _committed_status(jobs: JobStore, result: PageResult) -> str | None:
    # A rare case: a pages process otherwise needs no records of documents.
    from shared.document.record import DocumentRecord

    try:
        text = jobs.store.get(object_keys.document(result.job_id, "json"), MAX_DOCUMENT_BYTES)
    except NotFound:
        return None
    entries = DocumentRecord.model_validate_json(text).ledger
    return next((entry.status for entry in entries if entry.page == result.page), None)
