"""A page is straightened where its ink shows a skew, not where single lines were found askew."""

import cv2
import numpy as np

from workers.engines.cpu.ocr.orientation import make_upright
from workers.engines.cpu.recognition import Corners, Pixels

SIZE = 1000


class Finder:
    """Finds three lines of this length, each rising by ``degrees``."""

    def __init__(self, degrees: float) -> None:
        rise = 400 * np.tan(np.radians(degrees))
        self._lines = [
            np.array([(100, y), (500, y + rise), (500, y + 20 + rise), (100, y + 20)], np.float32)
            for y in (100, 300, 500)
        ]

    def find_lines(self, image: Pixels, shortest_side: int = 736) -> list[Corners]:
        return self._lines

    def read_crops(self, crops: list[Pixels]) -> list[object]:
        return [type("Text", (), {"score": 1.0})() for _ in crops]


def page_with_lines(degrees: float) -> Pixels:
    """A white page with dark bars as lines of words."""
    image = np.full((SIZE, SIZE, 3), 255, np.uint8)
    for y in (100, 300, 500):
        for x in range(100, 500, 50):
            cv2.rectangle(image, (x, y + 4), (x + 40, y + 16), (0, 0, 0), -1)
    turn = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), -degrees, 1.0)
    return np.asarray(
        cv2.warpAffine(image, turn, (SIZE, SIZE), borderValue=(255, 255, 255)), np.uint8
    )


def test_lines_found_askew_on_a_straight_page_do_not_turn_it() -> None:
    assert make_upright(Finder(1.2), page_with_lines(0)).unskew is None  # type: ignore[arg-type]


def test_a_skewed_page_is_straightened() -> None:
    page = make_upright(Finder(1.2), page_with_lines(1.2))  # type: ignore[arg-type]

    assert page.unskew is not None
    rows = (page.image[:, 100:500].min(axis=(1, 2)) < 128).sum()
    assert rows < 45
