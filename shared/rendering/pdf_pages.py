"""Draws pages of PDFs and parts of them; only helper processes import this."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from shared.domain.errors import CorruptDocument, RenderFailed
from shared.rendering.lean_pymupdf import pymupdf
from shared.rendering.open_documents import forget, opened
from shared.rendering.page_size import MAX_SIDE, POINTS_PER_INCH, pdf_scale
from shared.rendering.pdf_file import PDF_ERRORS, memory_errors, open_pdf
from shared.rendering.render_size import RenderSize
from shared.rendering.upright import Part

CROP_DPI = 200


def render_page(
    path: Path, page: int, wish: RenderSize, exact: bool, max_pixels: int
) -> pymupdf.Pixmap:
    """The page with its annotations and form fields, RGB on white; raises RenderFailed."""
    with _loaded(path, page) as loaded:
        width, height = loaded.rect.width, loaded.rect.height
        scale = pdf_scale(width, height, wish, exact, max_pixels)
        # Its parameters are those of the official script, so that "exact" is.
        pixmap = loaded.get_pixmap(matrix=pymupdf.Matrix(scale, scale), alpha=False)
        if not pixmap.width or not pixmap.height:
            raise RenderFailed(f"page {page} has no area that could be drawn")
        return pixmap


def render_parts(path: Path, page: int, parts: list[Part], max_pixels: int) -> list[Image.Image]:
    """Parts of the page, each drawn by itself at CROP_DPI or less; raises RenderFailed."""
    with _loaded(path, page) as loaded:
        # Interpreted once for all parts.
        drawing = loaded.get_displaylist()
        return [_draw_part(drawing, loaded.rect, part, max_pixels) for part in parts]


def _draw_part(
    drawing: pymupdf.DisplayList, page: pymupdf.Rect, part: Part, max_pixels: int
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
    # At least a pixel: an empty clip would mean the whole page.
    clip.x1 = max(clip.x1, clip.x0 + 1 / scale)
    clip.y1 = max(clip.y1, clip.y0 + 1 / scale)
    pixmap = drawing.get_pixmap(matrix=pymupdf.Matrix(scale, scale), alpha=False, clip=clip)
    return Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)


@contextmanager
def _loaded(path: Path, page: int) -> Iterator[pymupdf.Page]:
    try:
        with memory_errors():
            document = opened(path, open_pdf)
            if not 1 <= page <= document.page_count:
                raise RenderFailed(f"the document has no page {page}")
            yield document.load_page(page - 1)
    except CorruptDocument as error:
        raise RenderFailed(error.message) from None
    except PDF_ERRORS as error:
        # What it holds of the broken page can't be trusted.
        forget(path)
        reason = " ".join(str(error).split())[:200]
        raise RenderFailed(f"page {page} can't be drawn ({reason})") from None
