"""The stored record that a watcher took one version of a key."""

from typing import Literal

from pydantic import ConfigDict, Field

from producer.watching.claims.digest_map import key_digest, version_digest
from shared.domain.records.base import Record
from shared.domain.records.job import JobStatus

Outcome = JobStatus | Literal["refused"]


class KeyClaim(Record):
    """One version of one key that a watcher claimed."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    #: Relative to the inbox.
    key: str
    #: The ETag of an object, or the hash of a file's content.
    version: str
    size: int = Field(ge=0)
    #: Digest of the page options that are set; "" for none.
    options: str = ""
    job_id: str | None = None
    outcome: Outcome | None = None
    #: When the service first refused to read the object, in seconds since the epoch.
    refused_since: float | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def is_of(self, other: "KeyClaim") -> bool:
        """Whether both are about the same version with the same options, compared in full."""
        mine, others = (self.key, self.version), (other.key, other.version)
        return mine == others and self.options == other.options

    @property
    def key_digest(self) -> str:
        """Identifies the key in object names."""
        return key_digest(self.key)

    @property
    def version_digest(self) -> str:
        """Identifies version and options in object names."""
        return version_digest(self.version, self.options)
