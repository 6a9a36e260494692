"""Documents whose pages are given as blocks of (type, box, Markdown)."""

from typing import Any

from shared.document.assembly import Document, assemble
from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import BBox
from tests.support.documents.merged import manifest, markdown_of, results_of

PageBlock = tuple[str, BBox, str]
#: The boxes of a paragraph and of a note at the foot of the page.
FULL: BBox = (100, 100, 900, 200)
FOOT: BBox = (100, 860, 900, 890)
_FURNITURE = ("header", "footer", "page_number")


def document(*pages: list[PageBlock], **render: Any) -> Document:
    """The document of ``pages``; a page without blocks is blank."""
    job = manifest(len(pages))
    changes = [
        {
            "markdown": "\n\n".join(text for kind, _, text in page if kind not in _FURNITURE),
            "blocks": [{"type": kind, "bbox": box, "text": text} for kind, box, text in page],
            "status": "ok" if page else "blank",
        }
        for page in pages
    ]
    return assemble(job, results_of(job, *changes), RenderOptions(**render))


def body(*pages: list[PageBlock], **render: Any) -> str:
    """The Markdown of ``pages`` without marks of pages."""
    return markdown_of(document(*pages, **{"page_breaks": "none", **render}))
