"""An accent or stroke that is a character of its own becomes a part of its letter or relation."""

import pymupdf
import pytest

from tests.unit.workers.engines.cpu.text_layer.test_judging import judged, visible
from workers.engines.cpu.text_layer.accents import with_accents
from workers.engines.cpu.text_layer.lines import read_lines
from workers.engines.cpu.values import Box, Character


def characters(*pieces: tuple[str, float, float]) -> list[Character]:
    """Characters with their left and right edges; a blank one is a gap."""
    return [
        Character(text, Box(left, 0, right, 10), 8, 10, is_gap=text == " ")
        for text, left, right in pieces
    ]


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([("r", 0, 4), ("¨", 4, 9), ("o", 4, 9), ("m", 9, 17)], "röm"),
        ([("r", 0, 4), ("o", 4, 9), ("´", 5, 8), ("m", 9, 17)], "róm"),
        ([("´", 1, 4), ("ı", 0, 3), ("x", 3, 8)], "íx"),
        ([("¸", 4, 7), ("c", 4, 9)], "ç"),
        ([(" ", 0, 3), ("ˆ", 3, 8), (" ", 8, 2), ("k", 2.7, 8)], " k\u0302"),
        ([("a", 0, 5), ("\u0301", 5, 5), ("b", 5, 10)], "áb"),
        ([("i", 0, 3), ("\u0338", 3, 3), (" ", 3, 6), ("=", 6, 14)], "i ≠"),
        ([("=", 0, 8), ("\u0338", 8, 8), ("j", 10, 12)], "≠j"),
        ([("x", 0, 5), ("\u0338", 5, 5), ("∈", 7, 14)], "x∉"),
        # Signs beside a letter, and Hebrew points, stay as they are.
        ([("~", 0, 5), ("u", 5, 10)], "~u"),
        ([("^", 0, 5), ("^", 0, 5)], "^^"),
        ([("ב", 0, 5), ("\u0301", 5, 5)], "ב\u0301"),
    ],
)
def test_an_accent_joins_the_letter_that_it_stands_over(
    pieces: list[tuple[str, float, float]], text: str
) -> None:
    assert "".join(c.text for c in with_accents(characters(*pieces))) == text


def test_the_accents_of_a_page_are_read_with_their_letters() -> None:
    def paint(page: pymupdf.Page) -> None:
        for text, y in (("Hellstr", 50), ("caf", 80)):
            page.insert_text((20, y), text, fontsize=11)
            x = 20 + pymupdf.get_text_length(text, "helv", 11)
            page.insert_text((x + 1, y), "¨", fontsize=11)
            page.insert_text((x, y), "om", fontsize=11)

    assert visible(paint) == ["Hellström", "caföm"]
    assert [len(line.line.characters) for line in read_lines(judged(paint))] == [9, 5]
