"""Writes the document as one line of JSON in the style of Dolma, as olmOCR writes it.

The text has no page anchors. ``attributes.pdf_page_numbers`` lists ``[start, end, page]`` for every
selected page; together the spans cover the whole text.
"""

import json
from datetime import UTC, datetime
from typing import Any

from shared.document.exports.export_input import ExportInput
from shared.document.exports.web.html_tree import plain
from shared.document.merged_pages import MergedPages
from shared.domain.harmless_json import harmless_json
from shared.domain.records.job import Manifest

SOURCE = "pagefleet"


def write_jsonl(exported: ExportInput) -> bytes:
    """One line of JSON in UTF-8."""
    return json_line(document_record(exported))


def document_record(exported: ExportInput) -> dict[str, Any]:
    """The content of the line."""
    merged, manifest = exported.merged(page_breaks="none"), exported.manifest
    return {
        "id": manifest.job_id,
        "text": merged.markdown,
        **origin(manifest),
        "metadata": {**source_of(manifest), **_facts(merged)},
        "attributes": {"pdf_page_numbers": _page_spans(merged)},
    }


def json_line(record: dict[str, Any]) -> bytes:
    """``record`` as one line that is safe to show."""
    return harmless_json(json.dumps(record, ensure_ascii=False).encode()) + b"\n"


def origin(manifest: Manifest) -> dict[str, str]:
    """Where a line comes from, and the day of submission, so that equal jobs give equal lines."""
    day = datetime.fromtimestamp(manifest.created, UTC).strftime("%Y-%m-%d")
    return {"source": SOURCE, "added": day, "created": day}


def source_of(manifest: Manifest) -> dict[str, Any]:
    """The document that a line is about."""
    return {
        "Source-File": plain(manifest.source.uri or manifest.source.name),
        "sha256": manifest.sha256,
        "pdf-total-pages": manifest.page_count,
    }


def _facts(merged: MergedPages) -> dict[str, Any]:
    pages = merged.pages
    return {
        "status": merged.status,
        "engine": merged.manifest.options.engine,
        "model": merged.manifest.options.model,
        "total-input-tokens": sum(page.prompt_tokens for page in pages),
        "total-output-tokens": sum(page.output_tokens for page in pages),
        "blank-pages": [page.page for page in pages if page.status == "blank"],
        "failed-pages": [page.page for page in pages if page.status == "failed"],
    }


def _page_spans(merged: MergedPages) -> list[list[int]]:
    """The space between two pages belongs to the first of them."""
    starts = [start for start, _ in merged.spans]
    ends = [*starts[1:], len(merged.markdown)]
    starts[:1] = [0]
    pages = [page.page for page in merged.pages]
    return [list(span) for span in zip(starts, ends, pages, strict=True)]
