"""Detects dynamic XFA forms: PDFs without real pages that only Adobe Reader can show."""

import re

from shared.rendering.lean_pymupdf import pymupdf
from shared.rendering.pdf_file import PDF_ERRORS

#: The text of the placeholder page that Adobe's generators write into such a form.
_PLACEHOLDER = re.compile(
    r"please wait|adobe (acrobat )?reader|acrobat reader|viewer may not be able to display", re.I
)


def is_dynamic_form(document: pymupdf.Document) -> bool:
    """Whether the only page is a placeholder for content that the PDF does not draw."""
    if document.page_count != 1 or not _has_xfa_form(document):
        return False
    try:
        page = document.load_page(0)
        text = page.get_text()
        return bool(_PLACEHOLDER.search(text)) or (not text.strip() and _is_empty(page))
    except PDF_ERRORS:
        return False


def _has_xfa_form(document: pymupdf.Document) -> bool:
    catalog = document.pdf_catalog()
    rendering = document.xref_get_key(catalog, "NeedsRendering")[1]
    form = document.xref_get_key(catalog, "AcroForm/XFA")[0]
    return bool(rendering == "true" or form != "null")


def _is_empty(page: pymupdf.Page) -> bool:
    return not (page.get_bboxlog() or next(iter(page.widgets()), None))
