"""Writes the chunks of a document as JSON lines, each with its headings, pages and boxes."""

from typing import Any

from shared.document.exports.blocks import blocks
from shared.document.exports.chunks import Chunk, chunks
from shared.document.exports.export_input import ExportInput
from shared.document.exports.jsonl import json_line, origin, source_of
from shared.domain.records.job import Manifest


def write_chunks(exported: ExportInput) -> bytes:
    """One line of JSON for each chunk, in the order of the document."""
    merged = exported.merged(page_breaks="none")
    parts = chunks(blocks(exported, merged), exported.choice.chunk_chars)
    return b"".join(
        json_line(_record(exported.manifest, number, chunk))
        for number, chunk in enumerate(parts, start=1)
    )


def _record(manifest: Manifest, number: int, chunk: Chunk) -> dict[str, Any]:
    return {
        "id": f"{manifest.job_id}#{number}",
        "text": chunk.text,
        **origin(manifest),
        "metadata": {
            **source_of(manifest),
            "document": manifest.job_id,
            "headings": list(chunk.headings),
            "pages": sorted({place.page for place in chunk.places}),
            "boxes": [
                {"page": place.page, "bbox": list(place.box)}
                for place in chunk.places
                if place.box is not None
            ],
        },
    }
