"""The confidence of a page: scores of its lines, and the ink that no line explains."""

import numpy as np
import pytest

from workers.engines.cpu.confidence import confidence_of, ink_in_lines
from workers.engines.cpu.ocr.page_ink import PageInk
from workers.engines.cpu.recognized_page import RecognizedPage
from workers.engines.cpu.values import Box, Line, PageContent, Region

#: The page is drawn with two pixels per point.
SCALE = 2


def line(left: float, top: float, score: float | None = None) -> Line:
    return Line(Box(left, top, left + 60, top + 10), "word", 10, score)


def ink_of(*words: tuple[int, int]) -> PageInk:
    """Three letters at each place, in points."""
    image = np.full((800, 600, 3), 255, np.uint8)
    for left, top in words:
        for letter in range(3):
            x = (left + 15 * letter) * SCALE
            image[top * SCALE : (top + 10) * SCALE, x : x + 8] = 0
    return PageInk(image)


def test_the_confidence_has_the_mean_and_the_worst_of_the_recognised_lines() -> None:
    lines = (line(10, 10, 0.99), line(10, 40, 0.81), line(10, 70))
    page = RecognizedPage(PageContent(300, 400, lines), 0, "pixels", 0.75)

    confidence = confidence_of(page)

    assert (confidence.lines, confidence.mean, confidence.worst) == (2, 0.9, 0.81)
    assert (confidence.source, confidence.ink) == ("pixels", 0.75)


def test_ink_outside_the_lines_is_not_explained_unless_it_is_in_a_picture() -> None:
    ink = ink_of((10, 10), (10, 40), (200, 200), (200, 300))
    lines = (line(8, 10), line(8, 40))
    picture = Region("picture", Box(190, 190, 290, 240))

    assert ink_in_lines(ink, PageContent(300, 400, lines)) == pytest.approx(1 / 2)
    assert ink_in_lines(ink, PageContent(300, 400, lines, (picture,))) == pytest.approx(2 / 3)
