"""Writes the pages of a source as a PDF with an invisible text layer; for helper processes."""

from collections.abc import Iterator
from pathlib import Path

from shared.rendering.pdf_file import PDF_ERRORS, raise_if_memory
from shared.rendering.pdf_of_pages import PdfRequest, save, selected_pages
from shared.rendering.text_layer.glyphless_font import GlyphlessFont
from shared.rendering.text_layer.page_text import PageText, add_text


def write_searchable(request: PdfRequest, texts: Path) -> None:
    """Write ``request.output``; ``texts`` has a line of JSON, a PageText, for each page with text.

    Raises DocumentError.
    """
    numbers = {page: number for number, page in enumerate(request.pages)}
    with selected_pages(request) as document:
        font = GlyphlessFont(document)
        for text in _read(texts):
            try:
                add_text(document[numbers[text.page]], text, font)
            except PDF_ERRORS as error:
                # One damaged page stays without text.
                raise_if_memory(error)
        font.close()
        save(document, request.output)


def _read(texts: Path) -> Iterator[PageText]:
    with texts.open("rb") as lines:
        for line in lines:
            yield PageText.model_validate_json(line)
