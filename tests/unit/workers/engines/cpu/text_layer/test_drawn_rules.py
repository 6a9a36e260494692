"""A rule through the middle of letters strikes them out; a short one at the baseline is a sign."""

import pymupdf
import pytest

from tests.unit.workers.engines.cpu.text_layer.test_judging import judged, visible
from workers.engines.cpu.text_layer.lines import read_lines

SIZE, BASELINE = 12.0, 50.0


def struck(height: float) -> str:
    """The letters of two lines that a rule ``height`` font sizes above the baseline strikes."""

    def paint(page: pymupdf.Page) -> None:
        page.insert_text((20, BASELINE), "a quiet harbour", fontsize=SIZE)
        y = BASELINE - height * SIZE
        words = pymupdf.get_text_length("a quiet", fontsize=SIZE)
        page.draw_line((20, y), (20 + words, y), width=0.5)

    (line,) = (layer.line for layer in read_lines(judged(paint)))
    return "".join(character.text for character in line.characters if character.struck)


@pytest.mark.parametrize("height", [0.2, 0.3, 0.4])
def test_a_rule_at_half_the_height_of_small_letters_strikes_them(height: float) -> None:
    assert struck(height) == "a quiet"


@pytest.mark.parametrize("height", [-0.15, 0.0, 0.05, 0.75, 0.9])
def test_a_rule_above_or_below_the_letters_strikes_none(height: float) -> None:
    assert struck(height) == ""


@pytest.mark.parametrize(
    ("left", "right", "text"),
    [
        (0.05, 0.4, "port_number of"),
        # A rule under words, or one that a form draws to write on, is no sign.
        (-2.0, 3.0, "port number of"),
        (0.05, 0.1, "port number of"),
    ],
)
def test_a_short_rule_in_a_gap_is_an_underscore(left: float, right: float, text: str) -> None:
    def paint(page: pymupdf.Page) -> None:
        page.insert_text((20, BASELINE), "port", fontsize=SIZE)
        start = 20 + pymupdf.get_text_length("port", fontsize=SIZE)
        page.insert_text((start + 0.45 * SIZE, BASELINE), "number of", fontsize=SIZE)
        page.draw_line(
            (start + left * SIZE, BASELINE + 0.3), (start + right * SIZE, BASELINE + 0.3), width=0.4
        )

    assert visible(paint) == [text]
