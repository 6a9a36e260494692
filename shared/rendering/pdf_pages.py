"""Renders pages of PDFs and parts of pages; imported by helper processes only."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from shared.domain.errors import CorruptDocument, RenderFailed
from shared.rendering.lean_pymupdf import pymupdf
from shared.rendering.open_documents import close_document, open_cached
from shared.rendering.page_size import MAX_SIDE, POINTS_PER_INCH, pdf_scale
from shared.rendering.pdf_file import PDF_ERRORS, memory_errors, open_pdf
from shared.rendering.render_size import RenderSize
from shared.rendering.text_block import TextBlock
from shared.rendering.text_blocks import text_blocks
from shared.rendering.upright import Part

CROP_DPI = 200


def render_page(
    path: Path, page: int, size: RenderSize, exact: bool, max_pixels: int
) -> pymupdf.Pixmap:
    """The page with annotations and form fields as RGB on white; raises RenderFailed."""
    with _loaded(path, page) as loaded:
        return _rendered(loaded, loaded.get_displaylist(), size, exact, max_pixels)


def render_page_with_text(
    path: Path, page: int, size: RenderSize, exact: bool, max_pixels: int
) -> tuple[pymupdf.Pixmap, tuple[TextBlock, ...]]:
    """The rendered page and the blocks of its text layer; raises RenderFailed."""
    with _loaded(path, page) as loaded:
        # The page is interpreted once for both.
        display_list = loaded.get_displaylist()
        pixmap = _rendered(loaded, display_list, size, exact, max_pixels)
        return pixmap, text_blocks(display_list, loaded.rect)


def _rendered(
    page: pymupdf.Page,
    display_list: pymupdf.DisplayList,
    size: RenderSize,
    exact: bool,
    max_pixels: int,
) -> pymupdf.Pixmap:
    scale = pdf_scale(page.rect.width, page.rect.height, size, exact, max_pixels)
    # The same parameters as in the official script, so that "exact" gives the same pixels.
    pixmap = display_list.get_pixmap(matrix=pymupdf.Matrix(scale, scale), alpha=False)
    if not pixmap.width or not pixmap.height:
        raise RenderFailed(f"page {page.number + 1} has no area to render")
    return pixmap


def render_parts(path: Path, page: int, parts: list[Part], max_pixels: int) -> list[Image.Image]:
    """Parts of the page, each rendered at up to CROP_DPI; raises RenderFailed."""
    with _loaded(path, page) as loaded:
        # The page is interpreted once for all parts.
        display_list = loaded.get_displaylist()
        return [_render_part(display_list, loaded.rect, part, max_pixels) for part in parts]


def _render_part(
    display_list: pymupdf.DisplayList, page: pymupdf.Rect, part: Part, max_pixels: int
) -> Image.Image:
    clip = pymupdf.Rect(
        page.x0 + part.left * page.width,
        page.y0 + part.top * page.height,
        page.x0 + part.right * page.width,
        page.y0 + part.bottom * page.height,
    )
    scale = CROP_DPI / POINTS_PER_INCH
    width, height = max(clip.width * scale, 1.0), max(clip.height * scale, 1.0)
    scale *= min(1.0, (max_pixels / (width * height)) ** 0.5, MAX_SIDE / max(width, height))
    # At least one pixel: MuPDF renders the whole page for an empty clip.
    clip.x1 = max(clip.x1, clip.x0 + 1 / scale)
    clip.y1 = max(clip.y1, clip.y0 + 1 / scale)
    pixmap = display_list.get_pixmap(matrix=pymupdf.Matrix(scale, scale), alpha=False, clip=clip)
    return Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)


@contextmanager
def _loaded(path: Path, page: int) -> Iterator[pymupdf.Page]:
    try:
        with memory_errors():
            document = open_cached(path, open_pdf)
            if not 1 <= page <= document.page_count:
                raise RenderFailed(f"the document has no page {page}")
            yield document.load_page(page - 1)
    except CorruptDocument as error:
        raise RenderFailed(error.message) from None
    except PDF_ERRORS as error:
        # The state of the open document is unknown after an error.
        close_document(path)
        reason = " ".join(str(error).split())[:200]
        raise RenderFailed(f"page {page} can't be rendered ({reason})") from None
