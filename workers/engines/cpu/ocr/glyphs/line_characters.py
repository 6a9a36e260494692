"""Measures each character of a recognised line on the ink of the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.engines.cpu.ocr.page_ink import Mask
from workers.engines.cpu.recognition import RecognizedText
from workers.engines.cpu.values import Box

#: The cut between two characters lies in this middle part of the way between their middles.
_CUT_ZONE = 0.6
#: A character without ink of its own is as wide as this part of the height of the line.
_USUAL_WIDTH = 0.4
#: Spaced letters are at least so many and so many line heights apart, and a word ends where the
#: next letter is this many usual steps away.
_FEWEST_SPACED, _SPACED_STEP, _WORD_STEP = 8, 0.65, 1.4


class Glyph(NamedTuple):
    """One character and the box of its ink in pixels; a space has the gap as its box."""

    text: str
    ink: Box
    #: Whether no stroke of it goes on beyond its box, so that the box is the whole character.
    is_whole: bool = True


@dataclass(frozen=True)
class _Strip:
    """The ink of one line; ``left`` and ``top`` are its place on the page in pixels."""

    left: int
    top: int
    mask: Mask
    columns: NDArray[np.int64]
    #: The connected part of the ink to which each pixel belongs, and the first and last column of
    #: each part.
    parts: NDArray[np.int32]
    spans: NDArray[np.int64]

    def is_whole(self, start: int, end: int) -> bool:
        """Whether no ink of these columns is connected with ink outside."""
        inside = np.unique(self.parts[:, start:end])
        spans = self.spans[inside[inside > 0]]
        return bool((spans[:, 0] >= start).all() and (spans[:, 1] < end).all())


def glyphs_of(read: RecognizedText, box: Box, mask: Mask) -> list[Glyph]:
    """The characters of a horizontal line at ``box``; empty where their places are not known."""
    letters = read.text.replace(" ", "")
    if not letters or len(letters) != len(read.middles):
        return []
    strip = _strip(box, mask)
    middles = [middle * box.width for middle in read.middles]
    read = read._replace(text=_with_word_spaces(read.text, middles, box.height))
    edges = [0, *_cuts(middles, strip.columns), strip.mask.shape[1]]
    boxes = [
        (_ink_box(strip, start, end, middle), strip.is_whole(start, end))
        for (start, end), middle in zip(pairwise(edges), middles, strict=True)
    ]
    return _with_spaces(read.text, boxes)


def _with_word_spaces(text: str, middles: Sequence[float], height: float) -> str:
    """``text`` of spaced capital letters with the spaces between its words.

    The recogniser leaves them out, as in ANNUALREPORT.
    """
    if " " in text or len(text) < _FEWEST_SPACED or not (text.isalpha() and text.isupper()):
        return text
    steps = [after - before for before, after in pairwise(middles)]
    usual = median(steps)
    if usual < _SPACED_STEP * height:
        return text
    words = [text[0]]
    for letter, step in zip(text[1:], steps, strict=True):
        if step > _WORD_STEP * usual:
            words.append(letter)
        else:
            words[-1] += letter
    return " ".join(words)


def _strip(box: Box, mask: Mask) -> _Strip:
    height, width = mask.shape
    left, top = max(0, int(box.left)), max(0, int(box.top))
    right, bottom = min(width, int(box.right) + 1), min(height, int(box.bottom) + 1)
    part = mask[top:bottom, left:right]
    _, parts, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=8)
    first = stats[:, cv2.CC_STAT_LEFT].astype(np.int64)
    spans = np.column_stack((first, first + stats[:, cv2.CC_STAT_WIDTH] - 1))
    return _Strip(
        left, top, part, np.count_nonzero(part, axis=0), np.asarray(parts, np.int32), spans
    )


def _cuts(middles: Sequence[float], columns: NDArray[np.int64]) -> list[int]:
    """The columns between neighbouring characters: those with least ink near the half way."""
    cuts = []
    for before, after in pairwise(middles):
        half, reach = (before + after) / 2, max(1.0, (after - before) * _CUT_ZONE / 2)
        start, end = max(0, int(half - reach)), min(len(columns), int(half + reach) + 1)
        zone = columns[start:end]
        if not zone.size:
            cuts.append(max(0, min(len(columns), int(half))))
            continue
        least = np.flatnonzero(zone == zone.min()) + start
        cuts.append(int(least[np.argmin(np.abs(least - half))]))
    return cuts


def _ink_box(strip: _Strip, start: int, end: int, middle: float) -> Box:
    part = strip.mask[:, start:end]
    columns, rows = np.flatnonzero(part.any(axis=0)), np.flatnonzero(part.any(axis=1))
    height = strip.mask.shape[0]
    if not columns.size:
        half = _USUAL_WIDTH * height / 2
        left, right = middle - half, middle + half
        return Box(strip.left + left, strip.top, strip.left + right, strip.top + height)
    return Box(
        strip.left + start + int(columns[0]),
        strip.top + int(rows[0]),
        strip.left + start + int(columns[-1]) + 1,
        strip.top + int(rows[-1]) + 1,
    )


def _with_spaces(text: str, boxes: Sequence[tuple[Box, bool]]) -> list[Glyph]:
    """The characters of ``text``; each space is the gap between its neighbours."""
    glyphs: list[Glyph] = []
    rest = iter(boxes)
    for character in text.strip():
        if character == " ":
            glyphs.append(Glyph(" ", glyphs[-1].ink))
            continue
        ink, is_whole = next(rest)
        if glyphs and glyphs[-1].text == " ":
            before = glyphs[-1].ink
            gap = Box(before.right, before.top, max(before.right, ink.left), before.bottom)
            glyphs[-1] = Glyph(" ", gap)
        glyphs.append(Glyph(character, ink, is_whole))
    return glyphs
