"""Lines that the detector drew across a gutter are parted, and no others."""

import numpy as np

from workers.engines.cpu.ocr.gutters import parted
from workers.engines.cpu.ocr.recognizer import Corners, Pixels

HEIGHT, PITCH = 20, 30
LEFT, GUTTER, RIGHT = (40, 300), (300, 318), (318, 580)


def corners(left: int, right: int, row: int) -> Corners:
    top = 40 + PITCH * row
    return np.array(
        [(left, top), (right, top), (right, top + HEIGHT), (left, top + HEIGHT)], np.float32
    )


def two_columns(rows: int, joined: int) -> tuple[Pixels, list[Corners]]:
    """A page of two columns; the detector took both lines of row ``joined`` for one."""
    image = np.full((40 + PITCH * (rows + 1), 620, 3), 255, np.uint8)
    found = []
    for row in range(rows):
        top = 40 + PITCH * row
        for left, right in (LEFT, RIGHT):
            image[top + 4 : top + HEIGHT - 4, left:right:6] = 0
            image[top + 4 : top + HEIGHT - 4, left + 1 : right : 6] = 0
        edges = [(LEFT[0], RIGHT[1])] if row == joined else [LEFT, RIGHT]
        found += [corners(left, right, row) for left, right in edges]
    return image, found


def spans(lines: list[Corners]) -> list[tuple[int, int]]:
    return [(round(float(c[:, 0].min())), round(float(c[:, 0].max()))) for c in lines]


def test_a_line_across_the_gutter_becomes_two() -> None:
    image, found = two_columns(8, joined=3)

    lines = parted(image, found)

    assert len(lines) == len(found) + 1
    left, right = spans(lines)[6:8]
    assert left[0] == LEFT[0] and GUTTER[0] - 6 <= left[1] <= GUTTER[1]
    assert GUTTER[0] <= right[0] <= GUTTER[1] + 6 and right[1] == RIGHT[1]


def test_a_heading_over_both_columns_with_ink_in_the_gutter_stays_whole() -> None:
    image, found = two_columns(8, joined=0)
    image[40 : 40 + HEIGHT, LEFT[0] : RIGHT[1] : 6] = 0

    assert spans(parted(image, found)) == spans(found)


def test_a_short_heading_in_the_middle_stays_whole() -> None:
    image, found = two_columns(8, joined=-1)
    heading = corners(250, 370, 8)

    assert spans(parted(image, [*found, heading]))[-1] == (250, 370)


def test_a_page_of_one_column_is_left_alone() -> None:
    image, _ = two_columns(8, joined=-1)
    found = [corners(LEFT[0], RIGHT[1], row) for row in range(8)]

    assert spans(parted(image, found)) == spans(found)
