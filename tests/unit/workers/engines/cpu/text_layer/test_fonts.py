"""Fonts that a page is read by: which are checked, and what their codes show."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.support.engines.cpu_lines import letters
from workers.engines.cpu.recognition import Corners, Pixels, RecognizedText
from workers.engines.cpu.text_layer.fonts.font_check import font_runs, wrong_fonts
from workers.engines.cpu.text_layer.fonts.symbol_fonts import symbol_for
from workers.engines.cpu.text_layer.lines import LayerLine
from workers.engines.cpu.text_layer.visible.ink import PageImage

TEXT = "the keeper of the lighthouse wrote down the weather"
LAYER = [LayerLine(letters(TEXT, top=20.0 * number), 0, "F") for number in range(5)]
IMAGE = PageImage(np.full((200, 600, 3), 255, np.uint8), 1.0)


class Reader:
    """Reads on every crop as much of ``shown`` as the crop is wide."""

    alphabet = frozenset("abcdefghijklmnopqrstuvwxyz")

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self.widths: list[float] = []

    def find_lines(self, image: Pixels, shortest_side: int = 736) -> list[Corners]:
        raise NotImplementedError

    def read_lines(self, image: Pixels, corners: Sequence[Corners]) -> list[RecognizedText]:
        widths = [float(one[1][0] - one[0][0]) for one in corners]
        self.widths += widths
        whole = LAYER[0].line.box.width
        ends = (round(len(self._shown) * width / whole) for width in widths)
        return [RecognizedText(self._shown[:end], 0.99) for end in ends]


def test_a_font_that_shows_its_letters_is_accepted_after_a_few_words() -> None:
    reader = Reader(TEXT)

    assert wrong_fonts(font_runs(LAYER), IMAGE, reader) == set()
    assert len(reader.widths) == 1
    assert reader.widths[0] < 0.6 * LAYER[0].line.box.width


def test_a_font_that_shows_other_letters_is_wrong_after_all_samples() -> None:
    reader = Reader(TEXT.translate(str.maketrans("etaoinshr", "fubpjotis")))

    assert wrong_fonts(font_runs(LAYER), IMAGE, reader) == {LAYER[0].line.characters[0].font}
    assert len(reader.widths) > 3


@pytest.mark.parametrize(("is_alone", "shown"), [(True, "•"), (False, "\x88")])
def test_a_lone_bullet_of_latex_is_a_bullet(is_alone: bool, shown: str) -> None:
    assert symbol_for("F43", "\x88", is_alone) == shown
