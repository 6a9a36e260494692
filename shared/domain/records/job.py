"""Records of a job: its manifest, its final status and the delivery of its webhook."""

import re
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from shared.domain.errors import PageRangeError, UsageError
from shared.domain.lanes import Priority
from shared.domain.object_keys import JOB_ID_PATTERN, source_name
from shared.domain.page_ranges import PageRange, selected
from shared.domain.pools import ENGINE_PATTERN
from shared.domain.records.base import Count, Finite, Record, Time
from shared.domain.records.options import PageOptions, RenderOptions

#: Above the pages of any document; the bitmaps of one job stay small.
MAX_PAGES = 10_000_000
JobStatus = Literal["ok", "partial", "failed", "cancelled"]
JobId = Annotated[str, Field(pattern=f"^{JOB_ID_PATTERN}$")]
PageNumber = Annotated[int, Field(ge=1, le=MAX_PAGES)]


class Source(Record):
    """The stored bytes of a document; ``key`` is relative to the job's prefix."""

    name: str
    key: str
    bytes: Count
    uri: str | None = None


class Manifest(Record):
    """``job.json``: everything that is needed to run the job again."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId
    source: Source
    sha256: str
    #: Pages of the source document, selected or not.
    page_count: PageNumber
    options: PageOptions
    render: RenderOptions = RenderOptions()
    priority: Priority = "normal"
    labels: dict[str, str] = Field(default_factory=dict)
    webhook: str | None = None
    created: Time

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @field_validator("sha256")
    @classmethod
    def _is_digest(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9a-f]{64}", value, re.ASCII):
            raise ValueError("no SHA-256 in hex digits")
        return value

    @field_validator("options")
    @classmethod
    def _names_an_engine(cls, value: PageOptions) -> PageOptions:
        """Refuse a name that can't be in the names of queues; an unknown engine may be newer."""
        if not re.fullmatch(ENGINE_PATTERN, value.engine, re.ASCII):
            raise ValueError("the engine's name is no plain word")
        return value

    @field_validator("source")
    @classmethod
    def _names_its_source(cls, value: Source) -> Source:
        try:
            source_name(value.key.removeprefix("source."))
        except UsageError as error:
            raise ValueError(error.message) from None
        return value

    @model_validator(mode="after")
    def _has_pages(self) -> Self:
        """Refuse a page list that is none of this document: every reader of the job needs it."""
        try:
            _ = self.page_ranges
        except (UsageError, PageRangeError) as error:
            raise ValueError(error.message[:200]) from None
        return self

    @property
    def page_ranges(self) -> tuple[PageRange, ...]:
        """The pages that the job covers."""
        return selected(self.options.pages, self.page_count)


class Counts(Record):
    """Number of pages by status."""

    ok: Count = 0
    blank: Count = 0
    failed: Count = 0

    @property
    def total(self) -> int:
        """Number of pages with a result."""
        return self.ok + self.blank + self.failed


class Done(Record):
    """``_DONE``: final status of a job; its conditional write commits the job."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    status: JobStatus
    counts: Counts

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Delivery(Record):
    """State of a webhook delivery; ``next_try`` is in seconds since the epoch."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    #: Hash of the message; it changes where a job is run again and ends with another result.
    message: str
    state: Literal["pending", "delivered", "gave_up"] = "pending"
    tries: Count = 0
    next_try: Finite = 0.0
    last_error: str | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
