"""``<document>.status.json``: how far a document is, or in words why there is none."""

from typing import Literal

from pydantic import ConfigDict, Field

from producer.status.job_facts import JobFacts
from shared.domain.errors import PagefleetError
from shared.domain.records import Counts, ErrorInfo, JobStatus, Record, to_json

SUFFIX = ".status.json"


class Status(Record):
    """What the file says; it goes away when the document is written without a failed page."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    source: str
    status: Literal["waiting", "running", "refused"] | JobStatus
    job_id: str | None = None
    pages: int = 0
    done: int = 0
    counts: Counts = Counts()
    pages_per_s: float | None = None
    #: Seconds until the end, as far as can be told.
    eta_s: float | None = None
    error: ErrorInfo | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def of_job(source: str, facts: JobFacts, error: ErrorInfo | None = None) -> bytes:
    """The file of a job that waits, runs or ended."""
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
    """The file of what never became a job."""
    info = ErrorInfo(code=error.code, message=error.message)
    return to_json(Status(source=source, status="refused", error=info))
