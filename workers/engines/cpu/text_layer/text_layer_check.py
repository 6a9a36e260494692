"""Decides which lines of a text layer say what the page shows, by looking at its pixels."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from statistics import median

import numpy as np

from workers.engines.cpu.ocr.recognizer import Corners, Pixels, Recognizer, Words
from workers.engines.cpu.text_layer.lines import LayerLine
from workers.engines.cpu.text_layer.text_repair import mended, to_mend
from workers.engines.cpu.values import Box, Line

#: Where more of the text than this can't be believed, none of it is.
_MOST_FALSE = 0.3
#: The part of a line that may be unmapped before the rest is doubted.
_MOST_BROKEN = 0.2
#: Lines of one font that are read for comparison, and how alike they must be.
_SAMPLE, _ALIKE = 3, 0.6
#: Characters that make a line worth comparing, and about how many are enough.
_SHORTEST, _ENOUGH = 8, 40
#: Fonts with fewer characters than this on a page are not looked at.
_RARE_FONT = 16
#: A line whose pixels differ by less than this (of 255) shows nothing.
_CONTRAST = 24


def shown(lines: Iterable[LayerLine], image: Pixels, scale: float) -> list[LayerLine]:
    """``lines`` that leave a trace on ``image``; ``scale`` is pixels per point."""
    return [line for line in lines if line.painted and _contrast(line.line.box, image, scale)]


def corrected(
    lines: Sequence[LayerLine], image: Pixels, scale: float, recognizer: Recognizer
) -> list[Line]:
    """The lines of the layer, those in lying fonts read from ``image`` instead.

    Empty where too much of it is false.
    """
    lying = _lying_fonts(lines, image, scale, recognizer)
    false = {id(layer) for layer in lines if layer.font in lying or _is_garbled(layer)}
    amount = _characters([layer for layer in lines if id(layer) in false])
    if amount > _MOST_FALSE * _characters(lines):
        return []
    doubtful = [layer for layer in to_mend(lines) if id(layer) not in false]
    again = [layer for layer in lines if id(layer) in false] + doubtful
    words = recognizer.read(image, [_corners(layer.line.box, image, scale) for layer in again])
    read = {id(layer): word for layer, word in zip(again, words, strict=True)}
    settled = [_settled(layer, read.get(id(layer)), id(layer) in false) for layer in lines]
    return [line for line in settled if line.text]


def _characters(lines: Iterable[LayerLine]) -> int:
    return sum(len(layer.line.text.replace(" ", "")) for layer in lines)


def _is_garbled(layer: LayerLine) -> bool:
    return layer.broken > _MOST_BROKEN * len(layer.line.text)


def _settled(layer: LayerLine, word: Words | None, is_false: bool) -> Line:
    if word is None:
        return layer.line
    if is_false:
        return replace(layer.line, text=word.text.strip(), score=word.score)
    return replace(layer.line, text=mended(layer.line.text, word.text))


def _lying_fonts(
    lines: Sequence[LayerLine], image: Pixels, scale: float, recognizer: Recognizer
) -> set[str]:
    by_font: dict[str, list[LayerLine]] = defaultdict(list)
    for layer in lines:
        by_font[layer.font].append(layer)
    return {
        font
        for font, members in by_font.items()
        if _characters(members) >= _RARE_FONT and _lies(members, image, scale, recognizer)
    }


def _lies(
    members: Sequence[LayerLine], image: Pixels, scale: float, recognizer: Recognizer
) -> bool:
    readable = [layer.line for layer in members if _can_be_read(layer.line, recognizer)]
    handy = sorted(readable, key=lambda line: abs(len(line.text) - _ENOUGH))[: 3 * _SAMPLE]
    sample = sorted(handy, key=lambda line: line.box.top)[:: max(1, len(handy) // _SAMPLE)]
    if not sample:
        return False  # A script that only the layer knows.
    read = recognizer.read(image, [_corners(line.box, image, scale) for line in sample])
    pairs = zip(sample, read, strict=True)
    return median([_likeness(line.text, words.text) for line, words in pairs]) < _ALIKE


def _can_be_read(line: Line, recognizer: Recognizer) -> bool:
    letters = [character for character in line.text if not character.isspace()]
    known = sum(letter in recognizer.alphabet for letter in letters)
    lies = line.box.width > line.box.height
    return lies and len(_bare(line.text)) >= _SHORTEST and known >= 0.9 * len(letters)


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, _bare(one), _bare(other), autojunk=False).ratio()


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in plain if character.isalnum())


def _contrast(box: Box, image: Pixels, scale: float) -> bool:
    left, top, right, bottom = (int(edge * scale) for edge in box)
    piece = image[max(0, top) : bottom + 1, max(0, left) : right + 1]
    return piece.size > 0 and int(piece.max()) - int(piece.min()) >= _CONTRAST


def _corners(box: Box, image: Pixels, scale: float) -> Corners:
    height, width = image.shape[:2]
    left, right = (min(width - 1, max(0.0, x * scale)) for x in (box.left, box.right))
    top, bottom = (min(height - 1, max(0.0, y * scale)) for y in (box.top, box.bottom))
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
