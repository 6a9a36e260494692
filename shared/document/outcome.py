"""The status of a job, computed from the results of its pages."""

from collections import Counter
from collections.abc import Iterable

from shared.domain.errors import Cancelled
from shared.domain.records import Counts, JobStatus, PageResult


def count(results: Iterable[PageResult]) -> Counts:
    """Number of results by status."""
    statuses = Counter(result.status for result in results)
    return Counts(ok=statuses["ok"], blank=statuses["blank"], failed=statuses["failed"])


def was_cancelled(result: PageResult) -> bool:
    """Whether the result says that the page was cancelled."""
    return result.error is not None and result.error.code == Cancelled.code


def job_status(counts: Counts, cancelled: bool, max_failed_pages: int | None) -> JobStatus:
    """The status for these counts.

    ``failed`` means that all pages or more than ``max_failed_pages`` failed; ``cancelled`` wins.
    """
    if cancelled:
        return "cancelled"
    if counts.failed == 0:
        return "ok"
    too_many = max_failed_pages is not None and counts.failed > max_failed_pages
    return "failed" if too_many or counts.failed == counts.total else "partial"
