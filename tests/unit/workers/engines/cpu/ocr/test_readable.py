"""A page whose lines cannot be read fails instead of ending as an empty page."""

import numpy as np
import pytest

from shared.domain.errors import UnreadableScript
from workers.engines.cpu.ocr.readable import check_readable
from workers.engines.cpu.recognition import Corners, RecognizedText


def corners(width: float = 600, height: float = 30) -> Corners:
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)


@pytest.mark.parametrize(
    "lines",
    [
        [("     ", 0.9), ("   .  ", 0.93), ("", 0.8)],
        [("コュ D'  コノユ nıT ab", 0.56), ("17 0'7 48  (T]  Y'71", 0.6)],
    ],
)
def test_lines_without_confident_text_fail_the_page(lines: list[tuple[str, float]]) -> None:
    texts = [RecognizedText(*line) for line in lines]

    with pytest.raises(UnreadableScript, match="Latin, Greek, Chinese and Japanese") as failure:
        check_readable([corners() for _ in texts], texts)

    assert failure.value.code == "unreadable"


def test_a_page_with_some_lines_that_were_not_read_is_kept() -> None:
    good = RecognizedText("The keeper of the lighthouse wrote", 0.97)

    check_readable([corners()] * 3, [good, RecognizedText("", 0.4), good])


def test_a_few_short_marks_prove_nothing() -> None:
    mark = RecognizedText("", 0.3)

    check_readable([corners(40)] * 9, [mark] * 9)
    check_readable([corners()], [mark])
    check_readable([], [])
