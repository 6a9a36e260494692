"""Decides whether a page's text layer says what the page shows, by looking at its pixels."""

import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from statistics import median

import numpy as np
import pymupdf

from workers.cpu.recognizer import Corners, Pixels, Recognizer
from workers.cpu.text_layer import LayerLine
from workers.cpu.values import Box, Line

#: Fewer visible characters than this are a stamp or a number, not the page's text.
_FEWEST = 30
_MOST_BROKEN = 0.02
#: Lines that are read from the pixels for comparison, and how alike they must be.
_SAMPLE, _ALIKE = 5, 0.6
_SHORTEST_SAMPLE = 8
#: A line whose pixels differ by less than this (of 255) shows nothing.
_CONTRAST = 24
#: Pictures over this part of the page may hide text that the layer does not have.
_LARGE_PICTURES = 0.4
#: A picture over this part of the page is the page.
_COVER = 0.75
#: Outlines may be letters where there are more of them than this and little text.
_MANY_DRAWINGS, _LITTLE_TEXT = 100, 400
_MOST_MISSED = 0.25


def shown(lines: Sequence[LayerLine], image: Pixels, scale: float) -> list[LayerLine]:
    """``lines`` that leave a trace on ``image``; ``scale`` is pixels per point."""
    return [line for line in lines if line.painted and _contrast(line.line.box, image, scale)]


def is_sound(lines: Sequence[LayerLine]) -> bool:
    """Whether ``lines`` are enough text, and in an encoding that maps to letters."""
    characters = sum(len(line.line.text.replace(" ", "")) for line in lines)
    broken = sum(line.broken for line in lines)
    return characters >= _FEWEST and broken <= _MOST_BROKEN * characters


def is_under_picture(page: pymupdf.Page) -> bool:
    """Whether a picture over most of ``page`` is painted after most of its text.

    Such text is the work of an OCR program, hidden below its scan.
    """
    painted = page.get_bboxlog()
    covers = [
        place
        for place, (what, box) in enumerate(painted)
        if what == "fill-image"
        and (pymupdf.Rect(box) & page.rect).get_area() > _COVER * page.rect.get_area()
    ]
    texts = [place for place, (what, _) in enumerate(painted) if what.endswith("-text")]
    below = sum(place < covers[-1] for place in texts) if covers else 0
    return 2 * below > len(texts)


def says_what_is_shown(
    page: pymupdf.Page, lines: Sequence[Line], image: Pixels, recognizer: Recognizer
) -> bool:
    """Whether ``lines`` agree with ``image``, a rendering of ``page`` as upright as it."""
    scale = image.shape[1] / page.rect.width
    if not _sample_agrees(lines, image, scale, recognizer):
        return False
    return not _may_miss_text(page, lines) or _misses_little(lines, image, scale, recognizer)


def _sample_agrees(
    lines: Sequence[Line], image: Pixels, scale: float, recognizer: Recognizer
) -> bool:
    readable = [line for line in lines if _can_be_read(line, recognizer)]
    longest = sorted(readable, key=lambda line: -len(line.text))[: 4 * _SAMPLE]
    sample = sorted(longest, key=lambda line: line.box.top)[:: max(1, len(longest) // _SAMPLE)]
    if not sample:
        return True  # A script that only the layer knows.
    corners = [_corners(line.box, image, scale) for line in sample]
    read = recognizer.read(image, corners)
    pairs = zip(sample, read, strict=True)
    return median([_likeness(line.text, words.text) for line, words in pairs]) >= _ALIKE


def _can_be_read(line: Line, recognizer: Recognizer) -> bool:
    letters = [character for character in line.text if not character.isspace()]
    known = sum(letter in recognizer.alphabet for letter in letters)
    lies = line.box.width > line.box.height
    return lies and len(letters) >= _SHORTEST_SAMPLE and known >= 0.9 * len(letters)


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, _bare(one), _bare(other), autojunk=False).ratio()


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in plain if character.isalnum())


def _may_miss_text(page: pymupdf.Page, lines: Sequence[Line]) -> bool:
    area = page.rect.width * page.rect.height
    pictures = [pymupdf.Rect(info["bbox"]) & page.rect for info in page.get_image_info()]
    if max((picture.get_area() for picture in pictures), default=0.0) > _LARGE_PICTURES * area:
        return True
    few = sum(len(line.text) for line in lines) < _LITTLE_TEXT
    return few and len(page.get_cdrawings()) > _MANY_DRAWINGS


def _misses_little(
    lines: Sequence[Line], image: Pixels, scale: float, recognizer: Recognizer
) -> bool:
    boxes = [Box(*(edge * scale for edge in line.box)) for line in lines]
    found = [Box(*corner.min(axis=0), *corner.max(axis=0)) for corner in recognizer.find(image)]
    missed = [box for box in found if not any(box.share_in(known) > 0.3 for known in boxes)]
    whole = sum(box.area for box in found)
    return sum(box.area for box in missed) <= _MOST_MISSED * whole


def _contrast(box: Box, image: Pixels, scale: float) -> bool:
    left, top, right, bottom = (int(edge * scale) for edge in box)
    piece = image[max(0, top) : bottom + 1, max(0, left) : right + 1]
    return piece.size > 0 and int(piece.max()) - int(piece.min()) >= _CONTRAST


def _corners(box: Box, image: Pixels, scale: float) -> Corners:
    height, width = image.shape[:2]
    left, right = (min(width - 1, max(0.0, x * scale)) for x in (box.left, box.right))
    top, bottom = (min(height - 1, max(0.0, y * scale)) for y in (box.top, box.bottom))
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
