"""The status of a job, computed from the results of its pages."""

from collections import Counter
from collections.abc import Iterable, Sequence

from shared.domain.errors import Cancelled
from shared.domain.records.job import Counts, JobStatus
from shared.domain.records.page_result import PageResult

#: Scores of quality, 0 to 1, by page.
PageScores = dict[int, float]


class Tally:
    """Counts the results of a document that is read page by page."""

    def __init__(self) -> None:
        self._statuses = Counter[str]()
        self.cancelled = False
        self.worker_s = 0.0
        self.scores: PageScores = {}
        #: Pages that the fallback engine read.
        self.fallback: list[int] = []

    def add(self, result: PageResult) -> None:
        """Count a result."""
        self._statuses[result.status] += 1
        self.cancelled = self.cancelled or was_cancelled(result)
        self.worker_s += result.worker_s
        self.scores |= page_scores([result])
        self.fallback += fallback_pages([result])

    @property
    def counts(self) -> Counts:
        """Number of results by status."""
        statuses = self._statuses
        return Counts(ok=statuses["ok"], blank=statuses["blank"], failed=statuses["failed"])


def count(results: Iterable[PageResult]) -> Counts:
    """Number of results by status."""
    statuses = Counter(result.status for result in results)
    return Counts(ok=statuses["ok"], blank=statuses["blank"], failed=statuses["failed"])


def page_scores(results: Iterable[PageResult]) -> PageScores:
    """The scores of the pages whose quality was judged."""
    return {each.page: each.quality.score for each in results if each.quality is not None}


def fallback_pages(results: Iterable[PageResult]) -> tuple[int, ...]:
    """The pages that the fallback engine read, in order."""
    return tuple(each.page for each in results if each.fallback is not None)


def fallback_count(pages: Sequence[int]) -> str:
    """For a list of counts: ", 2 read by the fallback engine", or "" for no page."""
    return f", {len(pages)} read by the fallback engine" if pages else ""


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
