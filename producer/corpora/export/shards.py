"""The shards of an export in their target, each with a receipt that says what it holds."""

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from producer.corpora.collection_index import CollectionIndex, Entry
from producer.corpora.export.documents import Row
from producer.corpora.export.shard_writers import shard_writer
from shared.domain.collections.export_records import (
    FailedDocument,
    ShardFile,
    ShardFormat,
    ShardReceipt,
)
from shared.domain.errors import NotFound, TooLarge
from shared.domain.records.base import to_json
from shared.storage.store import ObjectStore

RECEIPTS = "_receipts/"
_MAX_RECEIPT_BYTES = 256 << 20
_OWN = re.compile(r"part-([0-9]{5,9})\.(jsonl|parquet)|_receipts/([0-9]{5,9})\.json", re.ASCII)


@dataclass(frozen=True)
class ShardOptions:
    """How documents are divided into shards; each limit ends a shard."""

    format: ShardFormat
    most_bytes: int = 256_000_000
    most_documents: int = 100_000


@dataclass
class OpenShard:
    """A shard at work: its rows lie in a temporary file."""

    options: ShardOptions
    number: int
    first: int
    last: int = 0
    rows: int = 0
    failures: list[FailedDocument] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="pagefleet-")  # noqa: SIM115
        self._writer = shard_writer(self.options.format, self._file)
        self._digest = Fingerprint(self.options)

    def add(self, entry: Entry, result: Row | FailedDocument) -> None:
        """Add the next document."""
        self.last = entry.place
        self._digest.add(entry)
        if isinstance(result, FailedDocument):
            self.failures.append(result)
        else:
            self._writer.add(result)
            self.rows += 1

    @property
    def is_full(self) -> bool:
        """Whether the next document belongs to another shard."""
        documents = self.rows + len(self.failures)
        return documents >= self.options.most_documents or (
            self._writer.bytes >= self.options.most_bytes
        )

    def store(self, target: ObjectStore, *, full: bool) -> None:
        """Write the shard, and then its receipt."""
        self._writer.close()
        file = self._stored_file(target) if self.rows else None
        if file is None:
            target.delete([file_name(self.number, self.options.format)])
        receipt = ShardReceipt(
            first=self.first,
            last=self.last,
            full=full,
            fingerprint=self._digest.hex(),
            file=file,
            failures=tuple(self.failures),
        )
        target.put(receipt_key(self.number), to_json(receipt))

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()

    def _stored_file(self, target: ObjectStore) -> ShardFile:
        size = self._file.seek(0, 2)
        self._file.seek(0)
        sha256 = hashlib.file_digest(self._file, "sha256").hexdigest()  # type: ignore[arg-type]
        self._file.seek(0)
        name = file_name(self.number, self.options.format)
        target.put_file(name, self._file, sha256)  # type: ignore[arg-type]
        return ShardFile(file=name, sha256=sha256, bytes=size, rows=self.rows)


class Fingerprint:
    """A digest of documents and their ends, which changes whenever their rows may change."""

    def __init__(self, options: ShardOptions) -> None:
        self._digest = hashlib.sha256(repr(options).encode())

    def add(self, entry: Entry) -> None:
        """Add the next document."""
        end = None if entry.end is None else entry.end[2:6]
        facts = (entry.place, entry.member, end)
        self._digest.update(repr(facts).encode("utf-8", "surrogatepass"))

    def hex(self) -> str:
        """64 hex digits."""
        return self._digest.hexdigest()


def file_name(number: int, format_: ShardFormat) -> str:
    """The name of a shard; ``number`` counts from 0."""
    return f"part-{number:05d}.{format_}"


def is_shard(key: str) -> bool:
    """Whether ``key`` is the name of a shard of any export."""
    match = _OWN.fullmatch(key)
    return match is not None and match[1] is not None


def is_stale(key: str, shards: int, format_: ShardFormat) -> bool:
    """Whether ``key`` is a file or receipt that an export of ``shards`` shards does not write."""
    match = _OWN.fullmatch(key)
    if match is None:
        return False
    return int(match[1] or match[3]) >= shards or match[2] not in (None, format_)


def receipt_key(number: int) -> str:
    """The key of a receipt."""
    return f"{RECEIPTS}{number:05d}.json"


def receipt_of(target: ObjectStore, number: int) -> ShardReceipt | None:
    """The receipt of a shard; None where there is none, or a damaged or huge one."""
    try:
        return ShardReceipt.model_validate_json(target.get(receipt_key(number), _MAX_RECEIPT_BYTES))
    except (NotFound, TooLarge, ValidationError):
        return None


def is_current(
    receipt: ShardReceipt,
    number: int,
    first: int,
    index: CollectionIndex,
    options: ShardOptions,
    target: ObjectStore,
) -> bool:
    """Whether a shard holds exactly the documents from ``first`` on, as they are now."""
    if receipt.first != first or receipt.last < first or not _is_even(receipt, number, options):
        return False
    is_last = receipt.last >= index.last_place()
    if not receipt.full and not is_last:
        return False
    digest = Fingerprint(options)
    for entry in until(index.entries(first - 1), receipt.last):
        digest.add(entry)
    return digest.hex() == receipt.fingerprint and _is_there(receipt.file, target)


def _is_even(receipt: ShardReceipt, number: int, options: ShardOptions) -> bool:
    """Whether a receipt names its own file, and each of its documents once."""
    file = receipt.file
    if file is not None and file.file != file_name(number, options.format):
        return False
    rows = file.rows if file else 0
    return rows + len(receipt.failures) == receipt.last - receipt.first + 1


def until(entries: Iterable[Entry], last: int) -> Iterator[Entry]:
    """The entries up to the place ``last``."""
    for entry in entries:
        if entry.place > last:
            return
        yield entry


def _is_there(file: ShardFile | None, target: ObjectStore) -> bool:
    """Whether the target has the file of the receipt; one on this machine is read too."""
    if file is None:
        return True
    try:
        if target.size(file.file) != file.bytes:
            return False
    except NotFound:
        return False
    path = target.local_path(file.file)
    return path is None or _digest_of(path) == file.sha256


def _digest_of(path: Path) -> str | None:
    try:
        with path.open("rb") as data:
            return hashlib.file_digest(data, "sha256").hexdigest()
    except OSError:
        return None
