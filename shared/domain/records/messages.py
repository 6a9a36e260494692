"""Bodies of the tasks on the queues."""

from typing import Literal

from pydantic import ConfigDict, Field

from shared.domain.pools import POOL_ID_PATTERN
from shared.domain.records.base import Count, Record
from shared.domain.records.job import JobId, PageNumber

PAGE_QUEUE_PATTERN = rf"pages\.{POOL_ID_PATTERN}\.(high|normal|low|quarantine)"


class PageMessage(Record):
    """The body of a ``pagefleet.page`` task."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId
    page: PageNumber
    #: Position in the dispatch order of the queue, see shared.broker.page_state.
    seq: Count
    queue: str = Field(pattern=f"^{PAGE_QUEUE_PATTERN}$")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ReduceMessage(Record):
    """The body of a ``pagefleet.reduce`` task."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
