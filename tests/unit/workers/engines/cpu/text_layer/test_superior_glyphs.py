"""Digits that a font draws raised are marks of notes, although their baseline is that of text."""

from typing import Any

import pytest

from tests.support.engines.cpu_lines import styled
from workers.engines.cpu.text_layer.fonts.superior_glyphs import (
    may_be_shifted,
    shift_of,
    shifted_digits,
)
from workers.engines.cpu.text_layer.shifts import with_shifts


def drawn(digit: str, top: float, bottom: float, width: float = 3.1) -> dict[str, Any]:
    """A line of size 10 with one digit, whose ink is between ``top`` and ``bottom``."""
    char = {"c": digit, "bbox": (50.0, top, 50.0 + width, bottom), "origin": (50.0, 100.0)}
    return {"dir": (1.0, 0.0), "spans": [{"size": 10.0, "chars": [char]}]}


@pytest.mark.parametrize(
    ("line", "shift"),
    [
        (drawn("4", 93.2, 96.7), 1),
        (drawn("4", 98.0, 101.5), -1),
        # An old-style figure reaches below the baseline; a narrow font has narrow figures.
        (drawn("4", 95.4, 102.2), 0),
        (drawn("1", 93.4, 100.0), 0),
        (drawn("4", 93.2, 96.7, width=5.0), 0),
    ],
)
def test_the_ink_tells_a_raised_or_lowered_digit(line: dict[str, Any], shift: int) -> None:
    char = line["spans"][0]["chars"][0]

    assert shift_of(char, shifted_digits([line])) == shift


def test_only_narrow_digits_need_their_ink() -> None:
    assert may_be_shifted([drawn("4", 90, 102)])
    assert not may_be_shifted([drawn("4", 90, 102, width=5.0)])


def test_a_digit_that_the_font_raises_is_marked_but_not_in_a_fraction() -> None:
    note = with_shifts(styled(("Reasons.", {}), ("4", {"shift": 1})))
    fraction = with_shifts(styled(("a ", {}), ("1", {"shift": 1}), ("⁄2", {})))

    assert [character.text for character in note if character.shift] == ["4"]
    assert not any(character.shift for character in fraction)
