"""A page whose lines cannot be read fails instead of ending as an empty page."""

import numpy as np
import pytest

from shared.domain.errors import UnreadableScript
from workers.engines.cpu.ocr.page_ink import Mask
from workers.engines.cpu.ocr.readable import check_readable, worth
from workers.engines.cpu.recognition import Corners, RecognizedText

LETTERS = 30


def corners(width: float = 600, height: float = 30) -> Corners:
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)


def ink(letters: int = LETTERS) -> Mask:
    """A line of so many letters, 20 pixels from one to the next."""
    mask = np.zeros((30, 600), np.uint8)
    for index in range(letters):
        mask[5:25, 20 * index : 20 * index + 12] = 255
    return mask


def check(*lines: RecognizedText, width: float = 600) -> None:
    places = [corners(width) for _ in lines]
    worths = [worth(place, line, ink()) for place, line in zip(places, lines, strict=True)]
    check_readable(places, worths, lambda: ", and with tesseract Thai")


@pytest.mark.parametrize(
    "lines",
    [
        [("     ", 0.9), ("   .  ", 0.93), ("", 0.8)],
        [("コュ D'  コノユ nıT ab", 0.56), ("17 0'7 48  (T]  Y'71", 0.6)],
        [("Eκεσ για τ νερ ραφε", 0.89), ("τν καιρ κε πρ και", 0.86)],
    ],
)
def test_lines_without_confident_text_fail_the_page(lines: list[tuple[str, float]]) -> None:
    with pytest.raises(UnreadableScript, match="Latin, Chinese and Japanese") as failure:
        check(*(RecognizedText(*line) for line in lines))

    assert failure.value.code == "unreadable"
    assert "with tesseract Thai" in failure.value.message


def test_a_page_with_some_lines_that_were_not_read_is_kept() -> None:
    good = RecognizedText("The keeper of the lighthouse wrote", 0.97)

    check(good, RecognizedText("", 0.4), good)


def test_a_few_short_marks_prove_nothing() -> None:
    mark = RecognizedText("", 0.3)

    check(*[mark] * 9, width=40)
    check(mark)
    check()


def test_a_line_is_worth_less_the_more_letters_were_skipped() -> None:
    text = RecognizedText("a" * 24, 0.9)

    assert worth(corners(), text, ink(24)) == pytest.approx(0.8)
    assert worth(corners(), text, ink(28)) == pytest.approx(0.8 * 24 / 28)
    assert worth(corners(), text, ink(30)) > 0
    assert worth(corners(), RecognizedText("a" * 23, 0.9), ink(30)) == 0
    assert worth(corners(), RecognizedText("a" * 23, 1.0), ink(30)) == 1
    assert worth(corners(), RecognizedText("a" * 14, 1.0), ink(30)) == 0


def test_ideographs_of_several_parts_were_not_skipped() -> None:
    assert worth(corners(), RecognizedText("春天的早晨河邊有一座小橋", 0.98), ink()) > 0.9
