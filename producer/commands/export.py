"""``pagefleet export``: writes the results of a collection as a few large files."""

from dataclasses import dataclass
from pathlib import Path

from producer.commands.collections.show import existing
from producer.connections import Connections
from producer.corpora.collection_index import CollectionIndex
from producer.corpora.export.export import ExportSummary, export_collection
from producer.corpora.export.manifest import MANIFEST
from producer.corpora.export.shard_writers import check_format
from producer.corpora.export.shards import ShardOptions
from producer.corpora.failures import load_with_ends
from producer.status.progress_bars import Bars
from shared.config.settings import Settings, load_settings
from shared.console.printable import json_line, printable
from shared.domain.collections.export_records import ShardFormat
from shared.domain.errors import ExitCode, UsageError
from shared.storage.factory import open_uri
from shared.storage.store import ObjectStore


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """``pagefleet export``."""

    name: str
    to: str
    shard_format: ShardFormat
    shard_mb: int
    shard_documents: int
    partial: bool
    as_json: bool


def export_documents(options: ExportOptions) -> int:
    """Write the export; the exit code says whether documents are missing from it."""
    check_format(options.shard_format)
    settings = load_settings()
    connections = Connections(settings)
    target = _target(options.to, settings)
    collection = existing(connections, options.name)
    target.check()
    shards = ShardOptions(
        options.shard_format, options.shard_mb * 1_000_000, options.shard_documents
    )
    with CollectionIndex() as index, Bars(by_document=False) as bars:
        load_with_ends(connections.jobs, collection, index)
        _check_ended(index, options)
        total, done = len(index), 0

        def report() -> None:
            nonlocal done
            done += 1
            bars.note(f"{done} of {total} documents written")

        summary = export_collection(options.name, connections.jobs, index, target, shards, report)
    _print(summary, target, options)
    return ExitCode.FAILED_PAGES if summary.failed else ExitCode.OK


def _target(to: str, settings: Settings) -> ObjectStore:
    """The place to write to: an address, or a folder by its path."""
    return open_uri(to if "://" in to else Path(to).absolute().as_uri(), settings)


def _check_ended(index: CollectionIndex, options: ExportOptions) -> None:
    waiting = len(index.waiting())
    if waiting and not options.partial:
        raise UsageError(
            f"{waiting} jobs of {options.name} have not ended (pagefleet status --collection "
            f"{options.name}); --partial exports the others and lists these as failures"
        )


def _print(summary: ExportSummary, target: ObjectStore, options: ExportOptions) -> None:
    manifest = f"{target.url.rstrip('/')}/{MANIFEST}"
    if options.as_json:
        print(json_line({"collection": options.name, **vars(summary), "manifest": manifest}))
        return
    kept = f", {summary.kept} of them written before" if summary.kept else ""
    text = f"{summary.documents} documents: {summary.rows} rows in {summary.shards} shards{kept}"
    print(printable(f"{options.name}: {text}, {summary.failed} failed -> {manifest}"))
