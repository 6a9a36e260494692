"""What an export of a collection writes beside its shards."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from shared.domain.collections.records import Text
from shared.domain.records.base import Count, Record
from shared.domain.records.job import JobId

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
ShardFormat = Literal["jsonl", "parquet"]


class FailedDocument(Record):
    """A document without a row. ``code`` is an error code, ``waiting`` or ``not_found``."""

    document: Text
    job_id: JobId | None = None
    code: Text
    reason: Text


class ShardFile(Record):
    """One file of an export; it is missing where none of its documents has a row."""

    file: str
    sha256: Sha256
    bytes: Count
    rows: Count


class ExportOwner(Record):
    """``_collection.json``: the first file of an export."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    collection: str

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ShardReceipt(Record):
    """``_receipts/NNNNN.json``: written after its shard, so that no later run writes it again."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    #: Places of the first and the last document in the collection, from 1.
    first: Count
    last: Count
    #: Whether it was ended because it was full; otherwise more documents may be added.
    full: bool
    #: A digest of the options, and of the documents and their ends.
    fingerprint: Sha256
    file: ShardFile | None
    failures: tuple[FailedDocument, ...]

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ExportManifest(Record):
    """``manifest.json``: the last file of an export; rows and failures are all documents."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    collection: str
    format: ShardFormat
    documents: Count
    rows: Count
    failed: Count
    shards: tuple[ShardFile, ...]
    failures: tuple[FailedDocument, ...]

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
