"""One attempt of a worker at one page."""

from dataclasses import dataclass

from shared.broker.page_state import Claim
from shared.domain.errors import PagefleetError
from shared.domain.records.job import Manifest
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import EngineInfo, ErrorInfo, PageResult
from workers.tasks.received_page import ReceivedPage

MAX_ERROR_CHARACTERS = 2000


@dataclass(frozen=True)
class PageAttempt:
    """A claimed page whose job exists: all that reading it needs."""

    received: ReceivedPage
    manifest: Manifest
    claim: Claim

    @property
    def page_id(self) -> str:
        """The page's id, for logs."""
        return self.received.inflight.page_id

    @property
    def page(self) -> int:
        """The page's number, from 1."""
        return self.received.message.page

    @property
    def number(self) -> int:
        """Which attempt this is, from 1."""
        return self.claim.attempts + 1

    @property
    def options(self) -> PageOptions:
        """The page options of its job."""
        return self.manifest.options

    @property
    def may_have_result(self) -> bool:
        """Whether an earlier holder may have stored a result and died before marking it."""
        claim = self.claim
        return bool(claim.verify or claim.outcome == "unknown" or claim.attempts or claim.suspicion)

    def failure(self, engine: EngineInfo, error: PagefleetError) -> PageResult:
        """The result that records ``error`` as the end of this page."""
        return PageResult(
            job_id=self.manifest.job_id,
            page=self.page,
            status="failed",
            task=self.options.task,
            engine=engine,
            attempts=self.number,
            error=ErrorInfo(code=error.code, message=error.message[:MAX_ERROR_CHARACTERS]),
        )
