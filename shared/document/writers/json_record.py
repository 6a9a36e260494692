"""Writes the document as a DocumentRecord in JSON."""

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
from shared.domain.records import to_json


def write_json(merged: MergedPages) -> bytes:
    """The DocumentRecord as UTF-8 JSON."""
    manifest, pages = merged.manifest, merged.pages
    return to_json(
        DocumentRecord(
            job_id=manifest.job_id,
            source=DocumentSource(
                name=manifest.source.name, sha256=manifest.sha256, pages=manifest.page_count
            ),
            options=manifest.options,
            render=merged.render,
            status=merged.status,
            counts=merged.counts,
            pages=tuple(
                page_record(page, span) for page, span in zip(pages, merged.spans, strict=True)
            ),
            ledger=tuple(map(ledger_entry, pages)),
            blocks=tuple(map(block_record, merged.units)),
            joins=tuple(map(join_record, merged.joins)),
            worker_s=round(usage_of(pages).worker_s, 3),
        )
    )
