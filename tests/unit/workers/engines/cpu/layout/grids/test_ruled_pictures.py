"""A picture region that shows ruled cells with words is a table."""

import cv2
import numpy as np

from workers.engines.cpu.layout.grids.ruled_pictures import with_ruled_tables
from workers.engines.cpu.ocr.page_ink import Mask
from workers.engines.cpu.values import Box, Line, Region

CELLS = [(x, y) for y in (100, 140, 180) for x in (100, 200, 300)]
PICTURE = Region("picture", Box(104, 104, 396, 216))


def grid() -> Mask:
    mask = np.zeros((800, 600), np.uint8)
    for x, y in CELLS:
        cv2.rectangle(mask, (x, y), (x + 100, y + 40), 255, 1)
    return mask


def words(cells: list[tuple[int, int]]) -> list[Line]:
    return [Line(Box(x + 10, y + 10, x + 60, y + 26), "word", 12, 0.9) for x, y in cells]


def test_ruled_cells_with_words_are_a_table() -> None:
    [region] = with_ruled_tables([PICTURE], words(CELLS), grid(), 1.0)

    assert region.label == "table"
    assert region.box.left <= 102
    assert region.box.right >= 398


def test_a_drawing_and_a_frame_stay_pictures() -> None:
    frame = np.zeros((800, 600), np.uint8)
    cv2.rectangle(frame, (100, 100), (400, 220), 255, 1)

    assert with_ruled_tables([PICTURE], words(CELLS[:2]), grid(), 1.0) == (PICTURE,)
    assert with_ruled_tables([PICTURE], words(CELLS), frame, 1.0) == (PICTURE,)
