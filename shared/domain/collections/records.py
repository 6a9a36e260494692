"""Records of a collection: parts of the list of its documents, and of the list of their ends.

A part holds many rows as columns, because Python reads columns several times faster than rows.
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import ConfigDict, Field, model_validator

from shared.domain.records.base import Count, Finite, Record, Time
from shared.domain.records.job import JobId

Digest = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Text = Annotated[str, Field(max_length=20_000)]
#: The code of a part that can't be read.
DAMAGED = "corrupt"
#: How a job ended; "open": it was opened again after its end.
EndStatus = Literal["ok", "partial", "failed", "cancelled", "open"]


class Collection(Record):
    """``collection.json``; ``created`` in seconds since the epoch."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    name: str
    created: Time

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Member(NamedTuple):
    """One document of a collection: its job, or why it has none."""

    #: Names the document in the collection: a digest of its address, task and pages.
    key: str
    #: The address of the document, or the file and line of a manifest.
    input: str
    name: str
    #: A digest of the version of the source and of all options; None: it was not looked at.
    stamp: str | None
    job_id: str | None
    #: Selected pages.
    pages: int
    #: Of the error, where the document was refused.
    code: str | None
    message: str | None


class End(NamedTuple):
    """One event: a job ended, or was opened again; ``at`` in seconds since the epoch."""

    job_id: str
    at: float
    status: EndStatus
    ok: int
    blank: int
    failed: int
    #: Worker seconds of all pages; None where the writer did not know them.
    worker_s: float | None


def damaged_key(key: str) -> str:
    """Names a part that can't be read, as a document of its collection."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


class Part(Record):
    """Columns of equal length."""

    #: The most bytes that a row has as JSON.
    most_row_bytes: ClassVar[int]

    schema_: Literal[1] = Field(default=1, alias="schema")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @classmethod
    def damaged(cls, key: str, why: str) -> Self:
        """What stands in the place of a part under ``key`` that can't be read."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _is_even(self) -> Self:
        if len({len(column) for column in self._columns()}) > 1:
            raise ValueError("columns of different lengths")
        return self

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._columns()[0])

    def _columns(self) -> list[tuple[object, ...]]:
        names = type(self).model_fields
        return [getattr(self, name) for name in names if name != "schema_"]


class MembersPart(Part):
    """A part of the list of documents; of several rows with the same key the last one counts."""

    most_row_bytes = 200_000

    key: tuple[Digest, ...]
    input: tuple[Text, ...]
    name: tuple[Text, ...]
    stamp: tuple[Digest | None, ...]
    job_id: tuple[JobId | None, ...]
    pages: tuple[Count, ...]
    code: tuple[Text | None, ...]
    message: tuple[Text | None, ...]

    @classmethod
    def of(cls, rows: Iterable[Member]) -> Self:
        """The part with these rows; there is at least one."""
        return cls(**dict(zip(Member._fields, zip(*rows, strict=True), strict=True)))

    @classmethod
    def damaged(cls, key: str, why: str) -> Self:
        """A refused document, so that no command takes the list for complete."""
        return cls.of([Member(damaged_key(key), key, key, None, None, 0, DAMAGED, why)])

    def rows(self) -> Iterable[Member]:
        """The rows in order."""
        return map(Member._make, zip(*self._columns(), strict=True))


class MemberCounts(Part):
    """The columns of a ``MembersPart`` that are needed to count documents and pages."""

    most_row_bytes = MembersPart.most_row_bytes

    key: tuple[Digest, ...]
    job_id: tuple[JobId | None, ...]
    pages: tuple[Count, ...]

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    @classmethod
    def damaged(cls, key: str, why: str) -> Self:
        """See ``MembersPart``."""
        return cls(key=(damaged_key(key),), job_id=(None,), pages=(0,))


class EndsPart(Part):
    """A part of the list of ends; of several rows of the same job the latest one counts."""

    most_row_bytes = 1_000

    job_id: tuple[JobId, ...]
    at: tuple[Time, ...]
    status: tuple[EndStatus, ...]
    ok: tuple[Count, ...]
    blank: tuple[Count, ...]
    failed: tuple[Count, ...]
    worker_s: tuple[Annotated[Finite, Field(ge=0)] | None, ...]

    @classmethod
    def of(cls, rows: Iterable[End]) -> Self:
        """The part with these rows; there is at least one."""
        return cls(**dict(zip(End._fields, zip(*rows, strict=True), strict=True)))

    @classmethod
    def damaged(cls, key: str, why: str) -> Self:
        """No rows: commands look up in the store how those jobs ended."""
        return cls(job_id=(), at=(), status=(), ok=(), blank=(), failed=(), worker_s=())

    def rows(self) -> Iterable[End]:
        """The rows in order."""
        return map(End._make, zip(*self._columns(), strict=True))
