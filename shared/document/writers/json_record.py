"""Writes the document as a DocumentRecord in JSON."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from shared.document.merged_pages import MergedPages
from shared.document.record import (
    DocumentRecord,
    DocumentSource,
    block_record,
    join_record,
    ledger_entry,
    page_record,
)
from shared.domain.cost import usage_of
from shared.domain.records import Record, to_json

_Item = TypeVar("_Item")
#: How a record without entries writes its lists; no text within JSON has bare quotation marks.
_EMPTY = b'"pages":[],"ledger":[],"blocks":[],"joins":[]'


def write_json(merged: MergedPages) -> bytes:
    """The DocumentRecord as UTF-8 JSON, of which no second copy is ever in memory."""
    data = bytearray()
    for part in _parts(merged):
        data += part
    return bytes(data)


def _parts(merged: MergedPages) -> Iterator[bytes]:
    before, _, after = to_json(_without_lists(merged)).partition(_EMPTY)
    pages = zip(merged.pages, merged.spans, strict=True)
    yield before
    yield from _list(b'"pages":', pages, lambda page: page_record(*page))
    yield from _list(b',"ledger":', merged.pages, ledger_entry)
    yield from _list(b',"blocks":', merged.units, block_record)
    yield from _list(b',"joins":', merged.joins, join_record)
    yield after


def _list(
    name: bytes, items: Iterable[_Item], record: Callable[[_Item], Record]
) -> Iterator[bytes]:
    yield name + b"["
    for number, item in enumerate(items):
        yield (b"," if number else b"") + to_json(record(item))
    yield b"]"


def _without_lists(merged: MergedPages) -> DocumentRecord:
    manifest = merged.manifest
    return DocumentRecord(
        job_id=manifest.job_id,
        source=DocumentSource(
            name=manifest.source.name, sha256=manifest.sha256, pages=manifest.page_count
        ),
        options=manifest.options,
        render=merged.render,
        status=merged.status,
        counts=merged.counts,
        pages=(),
        ledger=(),
        worker_s=round(usage_of(merged.pages).worker_s, 3),
    )
