"""Pages with known words, and two independent readers of the words of a PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pymupdf
import pypdfium2

#: The paragraph and the heading of a sample page, in points of the upright page.
PARAGRAPH = (
    "The quick brown fox jumps over the lazy dog while seven wizards quietly mix potions in the "
    "cellar. Few noticed the strange lantern that flickered beneath the staircase until "
    "midnight arrived and the whole household gathered around it."
)
HEADING = "Heading of part two"
WIDTH, HEIGHT = 400, 600


@dataclass(frozen=True)
class Word:
    """A word and its rectangle on the page as shown."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Sample:
    """A page as picture, its words, and its blocks as an engine reads them."""

    picture: "pymupdf.Pixmap"
    words: tuple[Word, ...]
    blocks: tuple[dict[str, Any], ...]


def sample() -> Sample:
    """A page of a paragraph and a heading."""
    with pymupdf.open() as document:
        page = document.new_page(width=WIDTH, height=HEIGHT)
        page.insert_textbox((50, 60, 350, 200), PARAGRAPH, fontsize=12)
        page.insert_text((50, 300), HEADING, fontsize=20)
        words = tuple(Word(word[4], *word[:4]) for word in page.get_text("words"))
        heading = len(HEADING.split())
        blocks = (
            {"type": "text", "bbox": _box(words[:-heading]), "text": PARAGRAPH},
            {"type": "title", "bbox": _box(words[-heading:]), "text": "## Heading **of** part two"},
        )
        return Sample(page.get_pixmap(dpi=150, colorspace=pymupdf.csGRAY), words, blocks)


def _box(words: Sequence[Word]) -> tuple[int, int, int, int]:
    left, top = min(each.left for each in words), min(each.top for each in words)
    right, bottom = max(each.right for each in words), max(each.bottom for each in words)
    return (
        int(left / WIDTH * 999), int(top / HEIGHT * 999),
        int(right / WIDTH * 999) + 1, int(bottom / HEIGHT * 999) + 1,
    )  # fmt: skip


def scanned(
    picture: "pymupdf.Pixmap", rotate: int = 0, offset: float = 0, user_unit: float = 1
) -> bytes:
    """A PDF that shows ``picture`` upright with /Rotate ``rotate`` and a crop box at ``offset``."""
    sideways = rotate in (90, 270)
    width, height = (HEIGHT, WIDTH) if sideways else (WIDTH, HEIGHT)
    with pymupdf.open() as document:
        page = document.new_page(width=width + 2 * offset, height=height + 3 * offset)
        area = pymupdf.Rect(offset, 2 * offset, offset + width, 2 * offset + height)
        page.insert_image(area, pixmap=picture, rotate=rotate)
        page.set_cropbox(area)
        page.set_rotation(rotate)
        if user_unit != 1:
            document.xref_set_key(page.xref, "UserUnit", str(user_unit))
        data: bytes = document.tobytes(no_new_id=True, deflate=True)
    return data


def words_of_mupdf(data: bytes, number: int = 0) -> list[Word]:
    """The words on a page as MuPDF shows it, with its /Rotate."""
    with pymupdf.open(stream=data) as document:
        page = document[number]
        shown = page.get_text("words")
        rects = [(pymupdf.Rect(word[:4]) * page.rotation_matrix, word[4]) for word in shown]
        return [Word(text, rect.x0, rect.y0, rect.x1, rect.y1) for rect, text in rects]


def words_of_pdfium(data: bytes, number: int = 0) -> list[Word]:
    """The words on a page as PDFium (Chrome's reader) finds them, with its /Rotate."""
    document = pypdfium2.PdfDocument(data)
    try:
        page = document[number]
        text = page.get_textpage()
        characters = text.get_text_range()
        words, start = [], 0
        for end, character in enumerate(f"{characters} "):
            if character.isspace():
                if end > start:
                    boxes = [text.get_charbox(each, loose=True) for each in range(start, end)]
                    words.append(_shown(characters[start:end], boxes, page))
                start = end + 1
        return words
    finally:
        document.close()


def _shown(text: str, boxes: Sequence[tuple[float, ...]], page: Any) -> Word:
    """A word of boxes in user space (left, bottom, right, top)."""
    left, bottom = min(each[0] for each in boxes), min(each[1] for each in boxes)
    right, top = max(each[2] for each in boxes), max(each[3] for each in boxes)
    crop = page.get_cropbox()
    corners = [
        _point(x, y, crop, page.get_rotation()) for x in (left, right) for y in (bottom, top)
    ]
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return Word(text, min(across), min(down), max(across), max(down))


def _point(x: float, y: float, crop: tuple[float, ...], rotation: int) -> tuple[float, float]:
    left, bottom, right, top = crop
    return {
        0: (x - left, top - y),
        90: (y - bottom, x - left),
        180: (right - x, y - bottom),
        270: (top - y, right - x),
    }[rotation]
