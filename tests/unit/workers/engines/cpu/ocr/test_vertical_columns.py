"""Columns of vertical Chinese are read letter by letter, set side by side."""

import cv2
import numpy as np

from workers.engines.cpu.ocr.vertical_columns import has_vertical_text, read_columns
from workers.engines.cpu.recognition import Corners, Pixels, RecognizedText

SIDE, LETTERS = 50, 6
#: The letter with a single thin stroke, and the one of two strokes.
THIN, DOUBLE = 2, 4


class Models:
    """Models that keep the crops and read each as ``answer``."""

    def __init__(self, answer: str, score: float = 0.98) -> None:
        self.answer = RecognizedText(answer, score)
        self.crops: list[Pixels] = []

    def read_crops(self, crops: list[Pixels]) -> list[RecognizedText]:
        self.crops += crops
        return [self.answer for _ in crops]


def page() -> Pixels:
    image = np.full((600, 300, 3), 255, np.uint8)
    for index in range(LETTERS):
        top = 100 + SIDE * index
        strokes = {THIN: [22], DOUBLE: [8, 36]}.get(index, range(5, 45, 8))
        for stroke in strokes:
            cv2.rectangle(image, (105, top + stroke), (144, top + stroke + 3), (0, 0, 0), -1)
    return image


def column() -> Corners:
    box = [(100, 100), (150, 100), (150, 100 + SIDE * LETTERS), (100, 100 + SIDE * LETTERS)]
    return np.array(box, np.float32)


def test_each_letter_of_a_column_has_a_square_of_its_own_on_white() -> None:
    models = Models("春天一早二晨")

    [text] = read_columns(models, page(), [column()])

    [row] = models.crops
    assert text.text == "春天一早二晨"
    side = row.shape[0]
    assert row.shape[1] == LETTERS * side
    assert row[:, THIN * side : (THIN + 1) * side].mean() > 200


def test_turned_latin_lines_and_poor_readings_are_no_vertical_text() -> None:
    assert has_vertical_text(Models("春天的早晨"), page(), [column()])
    assert not has_vertical_text(Models("spring"), page(), [column()])
    assert not has_vertical_text(Models("春天的早晨", 0.6), page(), [column()])
    assert not has_vertical_text(Models("春天的早晨"), page(), [])
