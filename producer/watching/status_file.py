"""``<document>.status.json``: the progress of a document, or the error that ended it."""

from typing import Literal

from pydantic import ConfigDict, Field

from producer.status.job_facts import JobFacts
from shared.domain.errors import PagefleetError
from shared.domain.records.base import Record, to_json
from shared.domain.records.job import Counts, JobStatus
from shared.domain.records.page_result import ErrorInfo


class Status(Record):
    """The content of the file, which is deleted when all pages are ok or blank."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    source: str
    status: Literal["waiting", "running", "refused"] | JobStatus
    job_id: str | None = None
    pages: int = 0
    done: int = 0
    counts: Counts = Counts()
    pages_per_s: float | None = None
    #: Estimated seconds until the job ends; None where there is no estimate.
    eta_s: float | None = None
    error: ErrorInfo | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def of_job(source: str, facts: JobFacts, error: ErrorInfo | None = None) -> bytes:
    """The file for a job that waits, runs or ended."""
    return to_json(
        Status.model_validate(
            {
                "source": source,
                "status": facts.status,
                "job_id": facts.manifest.job_id,
                "pages": facts.pages,
                "done": facts.done,
                "counts": facts.counts,
                "pages_per_s": facts.pages_per_s,
                "eta_s": facts.eta_s,
                "error": error,
            }
        )
    )


def of_refusal(source: str, error: PagefleetError) -> bytes:
    """The file for an object that could not become a job."""
    info = ErrorInfo(code=error.code, message=error.message)
    return to_json(Status(source=source, status="refused", error=info))
