"""Only ink that may be text is looked at again, within bounds, and only sure readings count."""

from collections.abc import Sequence

import numpy as np
import pytest

from workers.engines.cpu.ocr.ink_clusters import ink_clusters
from workers.engines.cpu.ocr.missed_lines import (
    MOST_CROPS,
    MOST_VAIN_CROPS,
    MissedLine,
    read_missed_lines,
)
from workers.engines.cpu.ocr.page_ink import Mask, PageInk
from workers.engines.cpu.recognition import Corners, Pixels, RecognizedText

WORD_HEIGHT = 20


class EyesOfInk:
    """Takes all ink of a crop for one line, and reads each line as ``read``."""

    def __init__(self, read: RecognizedText, sees: bool = True) -> None:
        self.read, self.sees = read, sees
        self.crops = 0

    def find_lines(self, image: Pixels, shortest_side: int) -> list[Corners]:
        self.crops += 1
        rows, columns = np.nonzero(image.min(axis=2) < 128)
        if not self.sees or not len(rows):
            return []
        left, right = int(columns.min()), int(columns.max()) + 1
        top, bottom = int(rows.min()), int(rows.max()) + 1
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        return [np.array(corners, np.float32)]

    def read_lines(self, image: Pixels, corners: Sequence[Corners]) -> list[RecognizedText]:
        return [self.read] * len(corners)


SURE = RecognizedText("word", 0.98)


def blank() -> Pixels:
    return np.full((1500, 1100, 3), 255, np.uint8)


def write(image: Pixels, left: int, top: int, letters: int = 4) -> None:
    """A word of letters like an H, each 12 pixels wide, 4 apart."""
    for start in range(left, left + 16 * letters, 16):
        image[top : top + WORD_HEIGHT, start : start + 3] = 0
        image[top : top + WORD_HEIGHT, start + 9 : start + 12] = 0
        image[top + 9 : top + 12, start : start + 12] = 0


def mask_of(image: Pixels) -> Mask:
    return PageInk(image).mask


def boxes(image: Pixels) -> list[tuple[float, ...]]:
    return sorted(tuple(cluster.box) for cluster in ink_clusters(mask_of(image)))


def missed(reader: EyesOfInk, image: Pixels, *lines: Corners) -> list[MissedLine]:
    return read_missed_lines(reader, PageInk(image), lines)


def corners(left: int, top: int, right: int, bottom: int) -> Corners:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def test_the_letters_of_a_word_are_one_cluster_and_far_words_are_two() -> None:
    image = blank()
    write(image, 100, 200)
    write(image, 400, 200, letters=1)

    assert boxes(image) == [(100, 200, 160, 220), (400, 200, 412, 220)]


def test_rules_frames_specks_and_solid_boxes_are_no_clusters() -> None:
    image = blank()
    image[300:303, 100:900] = 0
    image[400:900, 100:102] = image[400:900, 898:900] = 0
    image[400:402, 100:900] = image[898:900, 100:900] = 0
    image[1000:1003, 300:303] = 0
    image[1100:1116, 300:316] = 0

    assert boxes(image) == []


def test_a_letter_in_the_cell_of_a_ruled_table_is_a_cluster() -> None:
    image = blank()
    for edge in (100, 200, 300):
        image[edge : edge + 2, 100:302] = 0
        image[100:302, edge : edge + 2] = 0
    write(image, 140, 140, letters=1)

    assert boxes(image) == [(140, 140, 152, 160)]


def test_ink_in_the_middle_of_a_picture_is_no_cluster() -> None:
    random = np.random.default_rng(3)
    image = blank()
    grain = random.random((400, 400)) < 0.3
    image[200:600, 200:600][grain] = 0

    assert boxes(image) == []


def test_a_missed_line_has_its_place_on_the_page_and_its_text() -> None:
    image = blank()
    write(image, 100, 200)
    write(image, 700, 900)

    (line,) = missed(EyesOfInk(SURE), image, corners(95, 195, 170, 225))

    assert line.text == SURE
    assert line.corners.tolist() == corners(700, 900, 760, 920).tolist()


def test_a_page_whose_lines_cover_all_ink_is_not_looked_at_again() -> None:
    image = blank()
    write(image, 100, 200)
    reader = EyesOfInk(SURE)

    assert missed(reader, image, corners(95, 195, 170, 225)) == []
    assert reader.crops == 0


@pytest.mark.parametrize("read", [("1", 0.8), ("□", 0.99), ("V", 0.97)])
def test_doubtful_text_and_marks_are_dropped(read: tuple[str, float]) -> None:
    image = blank()
    write(image, 100, 200)

    assert missed(EyesOfInk(RecognizedText(*read)), image) == []


@pytest.mark.parametrize(("sees", "crops"), [(True, MOST_CROPS), (False, MOST_VAIN_CROPS)])
def test_the_number_of_crops_is_bounded(sees: bool, crops: int) -> None:
    image = blank()
    for row in range(12):
        for column in range(6):
            write(image, 60 + 170 * column, 60 + 110 * row, letters=1)
    reader = EyesOfInk(SURE, sees)

    assert len(missed(reader, image)) == (crops if sees else 0)
    assert reader.crops == crops
