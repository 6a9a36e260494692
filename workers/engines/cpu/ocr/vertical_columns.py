"""Reads columns of vertical Chinese or Japanese: their letters are set side by side and read."""

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np

from workers.engines.cpu.characters import is_cjk
from workers.engines.cpu.ocr.page_ink import Mask, PageInk
from workers.engines.cpu.recognition import Corners, Pixels, RecognizedText, line_size

#: A column is more than this many times as high as wide.
_RATIO = 2.5
#: A page has vertical text if so many of its longest columns, or all of fewer, read with this
#: mean score and as CJK alone (measured: 0.97; text that was turned has at most 0.8).
_SAMPLE, _LEAST_SCORE = 3, 0.85
#: The middles of the parts of one letter are closer than this, and the letter is at most so high,
#: in widths of the column; the next letter is one width further.
_SAME_LETTER, _HIGHEST = 0.6, 1.1


class CropReader(Protocol):
    """The models that read pictures of single lines."""

    def read_crops(self, crops: list[Pixels]) -> list[RecognizedText]:
        """The text of each crop; a crop holds one horizontal line."""
        ...


def read_columns(
    models: CropReader, image: Pixels, columns: Sequence[Corners]
) -> list[RecognizedText]:
    """The text of each of ``columns`` of ``image``, from top to bottom."""
    ink = PageInk(image)
    return models.read_crops([_as_row(image, ink.mask, corners) for corners in columns])


def has_vertical_text(models: CropReader, image: Pixels, lines: Sequence[Corners]) -> bool:
    """Whether the columns among ``lines`` are vertical Chinese or Japanese."""
    columns = [corners for corners in lines if is_column(corners)]
    longest = sorted(columns, key=lambda corners: -line_size(corners)[1])[:_SAMPLE]
    if not longest:
        return False
    texts = read_columns(models, image, longest)
    letters = "".join(text.text for text in texts)
    mean = sum(text.score for text in texts) / len(texts)
    return bool(letters) and all(map(is_cjk, letters)) and mean >= _LEAST_SCORE


def is_column(corners: Corners) -> bool:
    """Whether a line is so much higher than wide that it is a column of letters."""
    width, height = line_size(corners)
    return height > _RATIO * width


def _as_row(image: Pixels, mask: Mask, corners: Corners) -> Pixels:
    """The letters of a column from left to right, each in a square of its width."""
    left, top = np.maximum(corners.min(axis=0), 0).astype(int).tolist()
    right, bottom = corners.max(axis=0).astype(int).tolist()
    column, ink = image[top:bottom, left:right], mask[top:bottom, left:right]
    if not column.size:
        return np.full((48, 48, 3), 255, np.uint8)
    side = column.shape[1]
    ground = np.median(column, axis=(0, 1)).tolist()
    letters = [_square(column[start:end], side, ground) for start, end in _letters(ink, side)]
    return np.ascontiguousarray(np.hstack(letters))


def _letters(ink: Mask, side: int) -> list[tuple[int, int]]:
    """Start and end of each letter of a column: its rows of ink, the parts of a letter joined."""
    filled = np.concatenate(([0], ink.any(axis=1).astype(np.int8), [0]))
    runs = np.flatnonzero(np.diff(filled)).reshape(-1, 2).tolist()
    letters: list[list[int]] = []
    for start, end in runs:
        if letters and _is_same_letter(letters[-1], (start, end), side):
            letters[-1][1] = end
        else:
            letters.append([start, end])
    return [(start, end) for start, end in letters] or [(0, ink.shape[0])]


def _is_same_letter(letter: Sequence[int], part: Sequence[int], side: int) -> bool:
    """Whether ``part`` is a further part of ``letter`` above it; both as start and end."""
    step = (sum(part) - sum(letter)) / 2
    return step < _SAME_LETTER * side and part[1] - letter[0] <= _HIGHEST * side


def _square(letter: Pixels, side: int, ground: Sequence[float]) -> Pixels:
    """``letter`` with as much ground above and below that it is a square."""
    missing = max(0, side - letter.shape[0])
    above = missing // 2
    framed = cv2.copyMakeBorder(
        letter, above, missing - above, 0, 0, cv2.BORDER_CONSTANT, value=ground
    )
    return np.asarray(cv2.resize(framed, (side, side)), np.uint8)
