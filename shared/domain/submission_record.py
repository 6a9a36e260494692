"""What one submission asked for beside its pages; the first one is in the manifest itself."""

import hashlib
from typing import Literal, Self

from pydantic import ConfigDict, Field

from shared.domain.records.base import Record, to_json
from shared.domain.records.job import Manifest


class SubmissionRecord(Record):
    """A later submission of a job that existed: its own name, labels and webhook."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    #: Name of the document at this submission.
    name: str
    labels: dict[str, str] = Field(default_factory=dict)
    webhook: str | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """The submission that created the job."""
        return cls(name=manifest.source.name, labels=manifest.labels, webhook=manifest.webhook)

    @property
    def digest(self) -> str:
        """32 hex digits; equal submissions have equal ones."""
        return hashlib.sha256(to_json(self)).hexdigest()[:32]

    def apply(self, manifest: Manifest) -> Manifest:
        """The job's manifest as it would be if this submission had created the job."""
        source = manifest.source.model_copy(update={"name": self.name})
        own = {"source": source, "labels": self.labels, "webhook": self.webhook}
        return manifest.model_copy(update=own)
