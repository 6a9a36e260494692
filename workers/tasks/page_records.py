"""The stored records of one page: the manifest of its job, and its result."""

from shared.domain.records.job import Manifest
from shared.domain.records.messages import PageMessage
from shared.domain.records.page_result import PageResult
from workers.inflight.cancellation import Cancellation
from workers.tasks.late_result import withdraw_if_late
from workers.tasks.page_context import PageTaskContext, through_outage


class PageRecords:
    """Every method waits for the end of an outage of the store, or raises Aborted."""

    def __init__(
        self, context: PageTaskContext, message: PageMessage, cancellation: Cancellation
    ) -> None:
        self._jobs = context.jobs
        self._manifests = context.manifests
        self._job_id = message.job_id
        self._page = message.page
        self._cancellation = cancellation

    def manifest(self, *, may_have_ended: bool) -> Manifest | None:
        """The job's manifest; None where the job was purged or has ended."""
        read = self._of_unended if may_have_ended else self._manifests.get
        return through_outage(self._cancellation, read, self._job_id)

    def _of_unended(self, job_id: str) -> Manifest | None:
        return self._manifests.fresh(job_id) if self._jobs.done(job_id) is None else None

    def is_purged(self) -> bool:
        """Whether the store has no manifest of the job now."""
        return through_outage(self._cancellation, self._manifests.fresh, self._job_id) is None

    def good_result(self) -> PageResult | None:
        """The ok or blank result that another holder of the page has stored."""
        read = self._jobs.good_result
        return through_outage(self._cancellation, read, self._job_id, self._page)

    def write(self, result: PageResult) -> PageResult:
        """Store a result; returns the result that counts, which may be another worker's."""
        return through_outage(self._cancellation, self._jobs.write_result, result)

    def withdraw_if_late(self, result: PageResult) -> None:
        """Remove a result that was stored after its job had ended without it."""
        through_outage(self._cancellation, withdraw_if_late, self._jobs, result)
