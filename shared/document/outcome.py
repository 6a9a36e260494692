"""What became of a job, from what became of its pages."""

from collections import Counter
from collections.abc import Iterable

from shared.domain.errors import Cancelled
from shared.domain.records import Counts, JobStatus, PageResult


def count(results: Iterable[PageResult]) -> Counts:
    """How many pages ended in which way."""
    tally = Counter(result.status for result in results)
    return Counts(ok=tally["ok"], blank=tally["blank"], failed=tally["failed"])


def was_cancelled(result: PageResult) -> bool:
    """Whether the page is recorded as cancelled."""
    return result.error is not None and result.error.code == Cancelled.code


def job_status(counts: Counts, cancelled: bool, max_failed_pages: int | None) -> JobStatus:
    """``cancelled`` outranks ``failed``, which is all pages or more than are allowed."""
    if cancelled:
        return "cancelled"
    if counts.failed == 0:
        return "ok"
    too_many = max_failed_pages is not None and counts.failed > max_failed_pages
    return "failed" if too_many or counts.failed == counts.total else "partial"
