"""Only lines that the detector drew across a gutter are split."""

import numpy as np

from workers.engines.cpu.ocr.gutters import split_at_gutters
from workers.engines.cpu.recognition import Corners, Pixels

#: Line height and distance of two lines in pixels.
HEIGHT, DISTANCE = 20, 30
#: Left and right edge of each column and of the gutter in pixels.
LEFT, GUTTER, RIGHT = (40, 300), (300, 318), (318, 580)


def corners(left: int, right: int, row: int) -> Corners:
    top = 40 + DISTANCE * row
    return np.array(
        [(left, top), (right, top), (right, top + HEIGHT), (left, top + HEIGHT)], np.float32
    )


def two_columns(rows: int, merged_row: int) -> tuple[Pixels, list[Corners]]:
    """A page of two columns and its lines; row ``merged_row`` is one line across both."""
    image = np.full((40 + DISTANCE * (rows + 1), 620, 3), 255, np.uint8)
    lines = []
    for row in range(rows):
        top = 40 + DISTANCE * row
        for left, right in (LEFT, RIGHT):
            image[top + 4 : top + HEIGHT - 4, left:right:6] = 0
            image[top + 4 : top + HEIGHT - 4, left + 1 : right : 6] = 0
        edges = [(LEFT[0], RIGHT[1])] if row == merged_row else [LEFT, RIGHT]
        lines += [corners(left, right, row) for left, right in edges]
    return image, lines


def spans(lines: list[Corners]) -> list[tuple[int, int]]:
    return [(round(float(c[:, 0].min())), round(float(c[:, 0].max()))) for c in lines]


def test_a_line_across_the_gutter_is_split_in_two() -> None:
    image, detected = two_columns(8, merged_row=3)

    lines = split_at_gutters(image, detected)

    assert len(lines) == len(detected) + 1
    left, right = spans(lines)[6:8]
    assert left[0] == LEFT[0]
    assert GUTTER[0] - 6 <= left[1] <= GUTTER[1]
    assert GUTTER[0] <= right[0] <= GUTTER[1] + 6
    assert right[1] == RIGHT[1]


def test_a_heading_with_ink_in_the_gutter_is_not_split() -> None:
    image, detected = two_columns(8, merged_row=0)
    image[40 : 40 + HEIGHT, LEFT[0] : RIGHT[1] : 6] = 0

    assert spans(split_at_gutters(image, detected)) == spans(detected)


def test_a_short_centred_heading_is_not_split() -> None:
    image, detected = two_columns(8, merged_row=-1)
    heading = corners(250, 370, 8)

    assert spans(split_at_gutters(image, [*detected, heading]))[-1] == (250, 370)


def test_lines_of_a_page_with_one_column_are_not_split() -> None:
    image, _ = two_columns(8, merged_row=-1)
    detected = [corners(LEFT[0], RIGHT[1], row) for row in range(8)]

    assert spans(split_at_gutters(image, detected)) == spans(detected)
