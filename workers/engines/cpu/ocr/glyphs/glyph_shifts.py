"""Finds raised and lowered characters of a recognised line by the place of their ink."""

import unicodedata
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from workers.engines.cpu.ocr.glyphs.line_characters import Glyph

#: Characters as high as a capital letter, and as high as the letter x, that stand on the line.
_TALL = frozenset("0123456789bdfhklABCDEFGHIKLMNOPRSTUVWXYZ")
_LOW = frozenset("acemnorsuvwxz")
#: Descending letters are as high as capital letters, but lower.
_DESCENDING = frozenset("gpqy")
#: Height of the letter x, in heights of a capital letter.
_X_HEIGHT = 0.72
#: A shifted character is smaller than this part of one on the line, and is raised by more than
#: the second and lowered by more than the third part of the height of a capital letter.
_SMALLER, _RAISED, _LOWERED = 0.82, 0.22, 0.12
#: It is at least so high and so wide, in heights of a capital letter; less is only a part of one.
_LEAST_HEIGHT, _LEAST_WIDTH = 0.4, 0.15
#: A sign beside a raised character is raised if its middle is above this part of a capital letter.
_SIGN_MIDDLE = 0.55
_SIGNS = frozenset("-−–+=,")
#: Fewer characters on the line do not show where it is.
_FEWEST = 2


class ShiftedGlyph(NamedTuple):
    """A character with its shift: 1 if raised, -1 if lowered, else 0."""

    glyph: Glyph
    shift: int


class _LineMeasure(NamedTuple):
    #: The y of the baseline and the height of a capital letter, in pixels.
    baseline: float
    tall: float


def with_shifts(glyphs: Sequence[Glyph]) -> list[ShiftedGlyph]:
    """``glyphs`` of a horizontal line, raised and lowered ones as plain characters with a shift."""
    measure = _measure(glyphs)
    known = [_known_shift(glyph) for glyph in glyphs]
    if measure is None:
        return known
    shifts = [one.shift or _shift(one.glyph, measure) for one in known]
    plain = [one.glyph for one in known]
    if _too_many(plain, shifts):
        shifts = [one.shift for one in known]
    shifts = _without_parts_of_words(plain, shifts, [one.shift for one in known])
    return [
        ShiftedGlyph(glyph, shift or _sign_shift(index, plain, shifts, measure))
        for index, (glyph, shift) in enumerate(zip(plain, shifts, strict=True))
    ]


def _known_shift(glyph: Glyph) -> ShiftedGlyph:
    """A character that Unicode has as raised or lowered, as its plain form."""
    if len(glyph.text) != 1:
        return ShiftedGlyph(glyph, 0)
    form = unicodedata.decomposition(glyph.text).partition(" ")
    shift = {"<super>": 1, "<sub>": -1}.get(form[0], 0)
    if not shift or glyph.text in "™℠":
        return ShiftedGlyph(glyph, 0)
    return ShiftedGlyph(glyph._replace(text=unicodedata.normalize("NFKC", glyph.text)), shift)


def _measure(glyphs: Sequence[Glyph]) -> _LineMeasure | None:
    tall = [glyph.ink for glyph in glyphs if glyph.text in _TALL]
    low = [glyph.ink for glyph in glyphs if glyph.text in _LOW]
    if len(tall) + len(low) < _FEWEST:
        return None
    heights = [*(ink.height for ink in tall), *(ink.height / _X_HEIGHT for ink in low)]
    largest = sorted(heights)[-max(1, len(heights) // 2) :]
    height = median(largest)
    full = [
        ink.bottom
        for inks, usual in ((tall, height), (low, height * _X_HEIGHT))
        for ink in inks
        if ink.height > _SMALLER * usual
    ]
    return _LineMeasure(median(full), height) if full and height > 0 else None


def _shift(glyph: Glyph, line: _LineMeasure) -> int:
    usual = _usual_height(glyph.text)
    least = (
        glyph.ink.height >= _LEAST_HEIGHT * line.tall,
        glyph.ink.width >= _LEAST_WIDTH * line.tall,
    )
    if not (glyph.is_whole and all(least)):
        return 0
    if not usual or glyph.ink.height >= _SMALLER * usual * line.tall:
        return 0
    if line.baseline - glyph.ink.bottom > _RAISED * line.tall:
        return 1
    below = glyph.ink.bottom - line.baseline > _LOWERED * line.tall
    top = line.baseline - glyph.ink.top
    return -1 if below and top < usual * line.tall - _LOWERED * line.tall else 0


def _usual_height(text: str) -> float:
    """The height of a character on the line, in heights of a capital letter; 0 if unknown."""
    if text in _TALL or text in _DESCENDING:
        return 1.0
    if text in _LOW:
        return _X_HEIGHT
    return 1.0 if text in "ijt" else 0.0


def _too_many(glyphs: Sequence[Glyph], shifts: Sequence[int]) -> bool:
    """Whether so much is shifted that the line was measured wrongly."""
    letters = sum(glyph.text.isalnum() for glyph in glyphs)
    return 2 * sum(map(bool, shifts)) > letters


def _without_parts_of_words(
    glyphs: Sequence[Glyph], shifts: Sequence[int], known: Sequence[int]
) -> list[int]:
    """``shifts`` without those of letters in words and of digits before others: that is dirt.

    ``known`` are the shifts of characters that the recogniser read as raised or lowered.
    """
    result = list(shifts)
    for index in range(len(glyphs) - 1, -1, -1):
        if known[index] and _is_power(index, glyphs):
            continue
        if result[index] and _is_in_word(index, glyphs, result):
            result[index] = 0
    return result


def _is_power(index: int, glyphs: Sequence[Glyph]) -> bool:
    """Whether the character stands behind a variable of one letter, and no letter follows it."""
    around = [glyphs[at].text if 0 <= at < len(glyphs) else "" for at in (index - 2, index - 1)]
    after = glyphs[index + 1].text if index + 1 < len(glyphs) else ""
    return around[1].isalpha() and not around[0].isalnum() and not after.isalnum()


def _is_in_word(index: int, glyphs: Sequence[Glyph], shifts: Sequence[int]) -> bool:
    """Whether a raised or lowered character continues the word or the number beside it."""
    after = glyphs[index + 1].text if index + 1 < len(glyphs) and not shifts[index + 1] else ""
    if glyphs[index].text.isalpha():
        return after.isalnum() or not _base(index, glyphs, shifts).isdigit()
    return after.isdigit() or (after in tuple(".,") and _is_decimal(index, glyphs, shifts))


def _base(index: int, glyphs: Sequence[Glyph], shifts: Sequence[int]) -> str:
    """The character on the line before a raised or lowered one; "" if there is none."""
    earlier = (glyphs[at].text for at in range(index - 1, -1, -1) if not shifts[at])
    return next(earlier, "")


def _is_decimal(index: int, glyphs: Sequence[Glyph], shifts: Sequence[int]) -> bool:
    """Whether the sign after a digit belongs to the same number; a raised number follows it not."""
    after = index + 2
    return after < len(glyphs) and glyphs[after].text.isdigit() and not shifts[after]


def _sign_shift(
    index: int, glyphs: Sequence[Glyph], shifts: Sequence[int], line: _LineMeasure
) -> int:
    """The shift of a sign that stands directly before a raised or lowered character."""
    after = shifts[index + 1] if index + 1 < len(shifts) else 0
    if glyphs[index].text not in _SIGNS or not after:
        return 0
    middle = (line.baseline - glyphs[index].ink.center_y) / line.tall
    if glyphs[index].text == ",":
        return after if after > 0 and middle > _RAISED else 0
    return 1 if after > 0 and middle > _SIGN_MIDDLE else 0
