"""The body of a webhook: a contract with its receivers."""

from typing import Literal

from pydantic import ConfigDict, Field

from shared.domain.records import Counts, JobId, JobStatus, Record


class WebhookFile(Record):
    """One file of the finished document."""

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
    """A job has ended; ``pages`` is how many it was about."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId
    status: JobStatus
    counts: Counts
    pages: int = Field(ge=1)
    #: The document's name as it was submitted.
    name: str
    labels: dict[str, str]
    document: WebhookDocument

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
