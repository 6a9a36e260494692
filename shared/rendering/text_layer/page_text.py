"""Adds the words of one page result to its page."""

from collections.abc import Iterator

import numpy as np

from shared.domain.records.base import Record
from shared.domain.records.page_result import BBox, Block
from shared.rendering.lean_pymupdf import pymupdf
from shared.rendering.pdf_file import PDF_ERRORS, raise_if_memory
from shared.rendering.text_layer.block_text import block_lines
from shared.rendering.text_layer.glyphless_font import DESCENT, GLYPH_WIDTH, GlyphlessFont
from shared.rendering.text_layer.ink_lines import Pixels, ink_lines
from shared.rendering.text_layer.own_text import OwnText, PageWord
from shared.rendering.text_layer.placing import Area, PlacedLine, place
from shared.rendering.text_layer.resources import add_font, prepend
from shared.rendering.text_layer.upright_geometry import UprightPage

#: Pixels of the longer side in which lines are searched.
INK_SIDE = 1600
#: Characters that one page gets.
MAX_PAGE_CHARACTERS = 400_000
WHOLE_PAGE: BBox = (0, 0, 999, 999)


class PageText(Record):
    """What a searchable PDF needs of a page result."""

    page: int
    rotation: int = 0
    blocks: tuple[Block, ...] = ()
    #: The text of a page without blocks.
    markdown: str = ""

    def located(self) -> tuple[Block, ...]:
        """The blocks; all text over the whole page where the engine gave no boxes."""
        if self.blocks or not self.markdown:
            return self.blocks
        return (Block(type="text", bbox=WHOLE_PAGE, text=self.markdown),)


def add_text(page: "pymupdf.Page", text: PageText, font: GlyphlessFont) -> None:
    """Add what the page's own text lacks, invisibly and below all else."""
    upright = UprightPage.of(page, text.rotation)
    missing = _missing(text, upright, _own_text(page, upright))
    if not missing:
        return
    pixels = _pixels(page, text.rotation)
    lines = [line for block in missing for line in _placed(block, upright, pixels)]
    if lines:
        name = add_font(page, font.xref)
        shown = "\n".join(_line_operators(line, upright, font, name) for line in lines)
        prepend(page, f"q\n{shown}\nQ\n".encode("ascii"))


def _missing(text: PageText, upright: UprightPage, own: OwnText) -> list[Block]:
    blocks = [block for block in text.located() if block_lines(block)]
    if own.has_page(line for block in blocks for line in block_lines(block)):
        return []
    missing, characters = [], 0
    for block in blocks:
        characters += len(block.text)
        formula = block.type == "equation"
        has = own.has_block(block_lines(block), upright.area(block.bbox), formula=formula)
        if not has and characters <= MAX_PAGE_CHARACTERS:
            missing.append(block)
    return missing


def _own_text(page: "pymupdf.Page", upright: UprightPage) -> OwnText:
    return OwnText(_words(page, upright))


def _words(page: "pymupdf.Page", upright: UprightPage) -> Iterator[PageWord]:
    for left, top, right, bottom, word, *_ in page.get_text("words"):
        middle = pymupdf.Point((left + right) / 2, (top + bottom) / 2) * upright.from_text
        yield PageWord(word, middle.x, middle.y)


def _pixels(page: "pymupdf.Page", rotation: int) -> Pixels | None:
    """The upright page in gray; None where it can't be rendered."""
    scale = INK_SIDE / max(page.rect.width, page.rect.height, 1)
    try:
        pixmap = page.get_pixmap(
            matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csGRAY, alpha=False
        )
    except PDF_ERRORS as error:
        raise_if_memory(error)
        return None
    if not pixmap.width or not pixmap.height:
        return None
    gray = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)
    return np.rot90(gray[:, : pixmap.width], -rotation // 90)


def _placed(block: Block, upright: UprightPage, pixels: Pixels | None) -> list[PlacedLine]:
    box = upright.area(block.bbox)
    ink: list[Area] = []
    if pixels is not None:
        ink = ink_lines(pixels, upright.width / pixels.shape[1], box)
    return place(block_lines(block), box, ink)


def _line_operators(
    line: PlacedLine, upright: UprightPage, font: GlyphlessFont, font_name: str
) -> str:
    area = line.area
    size = area.width if line.downwards else area.height
    below = -DESCENT / 1000 * size
    if line.downwards:
        local = pymupdf.Matrix(0, 1, 1, 0, area.left + below, area.top)
    else:
        local = pymupdf.Matrix(1, 0, 0, -1, area.left, area.bottom - below)
    matrix = " ".join(f"{value:.5f}" for value in local * upright.to_user_space)
    shown = []
    for number, (word, width) in enumerate(line.words):
        if number:
            shown.append(_show(" ", line.gap, size, font))
        shown.append(_show(word, width, size, font))
    return f"BT 3 Tr /{font_name} {size:.4f} Tf {matrix} Tm {' '.join(shown)} ET"


def _show(text: str, width: float, size: float, font: GlyphlessFont) -> str:
    """``text`` scaled to ``width``."""
    own = len(text) * size * GLYPH_WIDTH / 1000
    return f"{100 * width / own:.3f} Tz <{font.encode(text)}> Tj"
