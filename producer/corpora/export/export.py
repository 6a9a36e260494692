"""Exports a collection: shards with receipts, then the checksums and the manifest.

A run that was killed leaves finished shards with their receipts; the next run keeps those whose
documents have not changed. The manifest is removed before the first shard is written and is
written last, so where it exists, the export is complete.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count

from producer.corpora.collection_index import CollectionIndex, Entry
from producer.corpora.export.documents import Row, row_of
from producer.corpora.export.manifest import MANIFEST, SUMS, write_manifest
from producer.corpora.export.ordered import in_order
from producer.corpora.export.ownership import take_target
from producer.corpora.export.shards import (
    RECEIPTS,
    OpenShard,
    ShardOptions,
    is_current,
    is_stale,
    receipt_of,
)
from shared.domain.collections.export_records import FailedDocument
from shared.jobs.job_store import JobStore
from shared.storage.store import ObjectStore


@dataclass(frozen=True)
class ExportSummary:
    """What an export holds; ``kept``: shards of an earlier run that were not written again."""

    documents: int
    rows: int
    failed: int
    shards: int
    kept: int


def export_collection(
    name: str,
    jobs: JobStore,
    index: CollectionIndex,
    target: ObjectStore,
    options: ShardOptions,
    on_document: Callable[[], None] = lambda: None,
) -> ExportSummary:
    """Write all documents of ``index``; raises StoreUnreachable.

    Raises UsageError where the target holds other files with the names of an export.
    """
    take_target(target, name)
    kept, after = _kept(index, target, options)
    shards = kept
    if after < index.last_place():
        target.delete([MANIFEST, SUMS])
        shards = _write(jobs, index, target, options, kept, after, on_document)
    _remove_rest(target, options, shards)
    rows, failed = write_manifest(name, target, options.format, shards, len(index))
    return ExportSummary(len(index), rows, failed, shards, kept)


def _kept(index: CollectionIndex, target: ObjectStore, options: ShardOptions) -> tuple[int, int]:
    """How many shards are finished, and the place of the last document in them."""
    after = 0
    for number in count():
        receipt = receipt_of(target, number) if after < index.last_place() else None
        if receipt is None or not is_current(receipt, number, after + 1, index, options, target):
            return number, after
        after = receipt.last
    raise AssertionError


def _write(
    jobs: JobStore,
    index: CollectionIndex,
    target: ObjectStore,
    options: ShardOptions,
    number: int,
    after: int,
    on_document: Callable[[], None],
) -> int:
    """Write the shards from ``number`` on; returns the number after the last one."""
    shard: OpenShard | None = None
    try:
        for entry, result in _results(jobs, index, after):
            shard = shard or OpenShard(options, number, entry.place)
            shard.add(entry, result)
            on_document()
            if shard.is_full:
                shard.store(target, full=True)
                shard.close()
                shard, number = None, number + 1
        if shard is not None:
            shard.store(target, full=False)
            number += 1
        return number
    finally:
        if shard is not None:
            shard.close()


def _results(
    jobs: JobStore, index: CollectionIndex, after: int
) -> Iterator[tuple[Entry, Row | FailedDocument]]:
    work = partial(row_of, jobs)
    return in_order(work, index.entries(after), lambda entry: entry.member.pages)


def _remove_rest(target: ObjectStore, options: ShardOptions, shards: int) -> None:
    """Remove what an earlier export with more shards or of another format wrote here."""
    for prefix in (RECEIPTS, "part-"):
        stale = [key for key in target.list(prefix) if is_stale(key, shards, options.format)]
        target.delete(stale)
