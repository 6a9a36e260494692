"""Right-to-left lines are read in order, with their numbers and brackets."""

import pytest

from workers.engines.cpu.text_layer.direction import in_logical_order
from workers.engines.cpu.text_layer.judging import JudgedLine
from workers.engines.cpu.text_layer.lines import read_lines
from workers.engines.cpu.values import Box, Character


def seen(text: str) -> list[Character]:
    """``text`` as a page shows it, from left to right."""
    return [
        Character(letter, Box(10.0 * n, 0, 10.0 * n + 9, 10), 8, 10)
        for n, letter in enumerate(text)
    ]


def shown(logical: str) -> str:
    """A right-to-left text without numbers as a page shows it."""
    return logical[::-1]


@pytest.mark.parametrize(
    ("page", "logical"),
    [
        (shown("שלום עולם"), "שלום עולם"),
        (f"{shown('ליטר')} 48 {shown('שם')}", "שם 48 ליטר"),
        (f"{shown('מחיר')} -12.5% {shown('עלה')}", "עלה -12.5% מחיר"),
        (f"{shown('אחת מהערים')} New York {shown('עיר')}", "עיר New York אחת מהערים"),
        (f"(2026) {shown('שנת')}", "שנת (2026)"),
        (f")2026( {shown('שנת')}", "שנת (2026)"),
        (f"(2026( {shown('שנת')}", "שנת (2026)"),
        (f")2026) {shown('שנת')}", "שנת (2026)"),
        ("plain words", "plain words"),
        (f"the word {shown('שלום')} here again", "the word שלום here again"),
    ],
)
def test_a_line_is_read_in_the_order_of_its_languages(page: str, logical: str) -> None:
    assert "".join(c.text for c in in_logical_order(seen(page))) == logical


def test_a_bracket_that_is_a_line_of_its_own_belongs_to_the_line_beside_it() -> None:
    bracket, *others = seen(f"(2026) {shown('שנת')}")
    pieces = [JudgedLine((1.0, 0.0), False, tuple(piece)) for piece in (others, [bracket])]

    assert [one.line.text for one in read_lines(pieces)] == ["שנת (2026)"]
