"""The JSON body of a webhook; receivers rely on its schema."""

from typing import Literal

from pydantic import ConfigDict, Field

from shared.domain.records.base import Record
from shared.domain.records.job import Counts, JobId, JobStatus


class WebhookFile(Record):
    """One file of the document in the store."""

    key: str
    uri: str


class WebhookDocument(Record):
    """The files of the finished document in the store, by the name of their output format."""

    markdown: WebhookFile
    json_: WebhookFile = Field(alias="json")

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)
    #: Output formats that are added later.
    __pydantic_extra__: dict[str, WebhookFile]


class WebhookMessage(Record):
    """Says that a job has ended; ``pages`` is the number of its selected pages."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId
    status: JobStatus
    counts: Counts
    pages: int = Field(ge=1)
    #: Name of the document at submission.
    name: str
    labels: dict[str, str]
    document: WebhookDocument

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
