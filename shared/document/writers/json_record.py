"""Writes the document as a DocumentRecord in JSON."""

from collections.abc import Callable, Iterable
from typing import BinaryIO, TypeVar

from shared.document.merged_pages import MergedPage, PageStream
from shared.document.record import (
    DocumentRecord,
    DocumentSource,
    blocks_json,
    join_record,
    ledger_entry,
    page_record,
)
from shared.document.spool import Spool
from shared.document.structure.units import Join
from shared.document.writers.document_writer import DocumentWriter
from shared.domain.records.base import Record, to_json

_Item = TypeVar("_Item")
#: How a record without entries writes its lists; no text within JSON has bare quotation marks.
_EMPTY = b'"pages":[],"ledger":[],"blocks":[],"joins":[]'


class JsonWriter(DocumentWriter):
    """The DocumentRecord as UTF-8 JSON, of which only one page is in memory."""

    def __init__(self, document: PageStream, file: BinaryIO) -> None:
        super().__init__(document, file)
        before, _, self._after = to_json(_without_lists(document)).partition(_EMPTY)
        self._ledger, self._blocks = Spool[bytes](), Spool[bytes]()
        self._separator = b""
        file.write(before + b'"pages":[')

    def write(self, page: MergedPage) -> None:
        """See DocumentWriter."""
        self.file.write(self._separator + to_json(page_record(page.result, page.span)))
        self._separator = b","
        self._ledger.append(to_json(ledger_entry(page.result)))
        if page.units:
            self._blocks.append(blocks_json(page.units))

    def end(self, joins: Iterable[Join]) -> None:
        """See DocumentWriter."""
        self._list(b'],"ledger":[', self._ledger)
        self._list(b'],"blocks":[', self._blocks)
        self._list(b'],"joins":[', _each(joins, join_record))
        self.file.write(b"]" + self._after)

    def _list(self, opening: bytes, items: Iterable[bytes]) -> None:
        self.file.write(opening)
        for number, item in enumerate(items):
            self.file.write((b"," if number else b"") + item)


def _each(items: Iterable[_Item], record: Callable[[_Item], Record]) -> Iterable[bytes]:
    return (to_json(record(item)) for item in items)


def _without_lists(document: PageStream) -> DocumentRecord:
    manifest = document.manifest
    return DocumentRecord(
        job_id=manifest.job_id,
        source=DocumentSource(
            name=manifest.source.name, sha256=manifest.sha256, pages=manifest.page_count
        ),
        options=manifest.options,
        render=document.render,
        status=document.status,
        counts=document.counts,
        pages=(),
        ledger=(),
        worker_s=round(document.worker_s, 3),
    )
