"""Finds digits that a font draws raised or lowered, on the baseline and in the size of the text.

The text layer maps such a glyph to a plain digit, so only its outline tells it apart.
"""

from collections.abc import Iterable, Mapping
from typing import Any

_DIGITS = frozenset("0123456789")
#: Parts of the font size: such a digit is narrower and lower than this.
_NARROWER, _LOWER = 0.42, 0.45
#: How far it stands above the baseline at least, or reaches below it.
_ABOVE, _BELOW = 0.18, 0.05

Shifts = Mapping[tuple[float, float], int]


def may_be_shifted(lines: Iterable[dict[str, Any]]) -> bool:
    """Whether one of ``lines`` (of MuPDF's raw dictionary) has a narrow digit."""
    return any(
        _is_narrow(char, float(span["size"]))
        for line in lines
        for span in line["spans"]
        for char in span["chars"]
    )


def shifted_digits(lines: Iterable[dict[str, Any]]) -> Shifts:
    """1 for each raised, -1 for each lowered digit, by origin; boxes are those of the ink."""
    shifts = {}
    for line in lines:
        for span in line["spans"] if tuple(line["dir"]) == (1.0, 0.0) else ():
            size = float(span["size"])
            for char in span["chars"]:
                if _is_narrow(char, size) and (shift := _shift(char, size)):
                    shifts[_origin(char)] = shift
    return shifts


def shift_of(char: Mapping[str, Any], shifts: Shifts) -> int:
    """1, -1 or 0 for ``char`` of MuPDF's raw dictionary."""
    return shifts.get(_origin(char), 0) if shifts else 0


def _origin(char: Mapping[str, Any]) -> tuple[float, float]:
    return char["origin"][0], char["origin"][1]


def _is_narrow(char: Mapping[str, Any], size: float) -> bool:
    left, _, right, _ = char["bbox"]
    return str(char["c"]) in _DIGITS and float(right - left) < _NARROWER * size


def _shift(char: Mapping[str, Any], size: float) -> int:
    _, top, _, bottom = char["bbox"]
    baseline = char["origin"][1]
    if not 0 < bottom - top < _LOWER * size:
        return 0
    if baseline - bottom > _ABOVE * size:
        return 1
    return -1 if bottom - baseline > _BELOW * size else 0
