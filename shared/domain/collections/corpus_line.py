"""One line of a corpus: the file that ``submit --manifest`` reads."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from shared.domain.lanes import Priority
from shared.domain.records.base import Record

NonEmpty = Annotated[str, Field(min_length=1)]
#: Characters of an address and of a name; the longest path of Linux and the longest key of S3.
MAX_URI, MAX_NAME = 4096, 1024


class CorpusLine(Record):
    """A document with options of its own; a missing key leaves the option of the command line."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    #: A path, a file:/// URL or s3://bucket/key.
    uri: Annotated[str, Field(min_length=1, max_length=MAX_URI)]
    #: The document's name; by default the last part of ``uri``.
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)] | None = None
    task: NonEmpty | None = None
    pages: NonEmpty | None = None
    priority: Priority | None = None
    password: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
