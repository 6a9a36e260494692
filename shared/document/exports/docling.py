"""Writes the document as DoclingDocument JSON, with docling's own library.

Every item has its pages and boxes, with the origin at the top left, in pixels of the page image; a
page without a known size has 999 by 999. Pictures are inside the file. Formulas are TeX.
"""

import json

from docling_core.types.doc import DoclingDocument, DocumentOrigin, Size

from shared.document.exports.blocks import blocks
from shared.document.exports.docling_items import ItemWriter
from shared.document.exports.export_input import ExportInput
from shared.document.exports.figures import Figures
from shared.document.exports.web.html_tree import plain
from shared.domain.harmless_json import harmless_json
from shared.domain.records.job import Manifest
from shared.domain.records.page_result import PageImage

_TYPES = {
    "pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "tiff": "image/tiff",
    "webp": "image/webp",
}  # fmt: skip
#: The scale of boxes, and the size of a page whose image has no known size.
SCALE = 999


def write_docling(exported: ExportInput) -> bytes:
    """The DoclingDocument as UTF-8 JSON; equal input gives equal bytes."""
    document = _empty(exported.manifest)
    sizes: dict[int, tuple[int, int]] = {}
    for page in exported.pages:
        width, height = sizes[page.page] = _size(page.image)
        document.add_page(page_no=page.page, size=Size(width=width, height=height))
    merged = exported.merged(page_breaks="none", tables="html", math="latex")
    writer = ItemWriter(document, sizes, Figures(exported))
    writer.write(list(blocks(exported, merged)))
    return harmless_json(json.dumps(document.export_to_dict(), ensure_ascii=False).encode())


def _empty(manifest: Manifest) -> DoclingDocument:
    name = plain(manifest.source.name) or "document"
    suffix = manifest.source.key.rpartition(".")[2]
    origin = DocumentOrigin(
        mimetype=_TYPES.get(suffix, "application/pdf"),
        binary_hash=int(manifest.sha256[:16], 16),
        filename=name,
    )
    return DoclingDocument(name=name, origin=origin)


def _size(image: PageImage) -> tuple[int, int]:
    return (image.width, image.height) if image.width and image.height else (SCALE, SCALE)
