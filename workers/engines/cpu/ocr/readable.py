"""Refuses a page whose text the recogniser cannot read, so that it does not end as empty."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from shared.domain.errors import UnreadableScript
from workers.engines.cpu.characters import clean_text, is_cjk
from workers.engines.cpu.ocr.page_ink import Mask
from workers.engines.cpu.ocr.weights import MODEL_SCRIPTS
from workers.engines.cpu.recognition import Corners, RecognizedText, line_size

#: A line is more than this many times as long as high; shorter marks may be dirt or drawings.
_LINE_RATIO = 3.0
#: A page with fewer lines proves nothing: they may be a part of a picture.
_FEWEST_LINES = 2
#: A line that was read has at least this many characters for each line height of its length.
_LEAST_DENSITY = 0.25
#: It has at least this many characters for each letter that the ink shows: the recogniser skips
#: letters that it does not know (measured: 0.9 and more on good scans, 0.94 on a poor one, and at
#: most 0.73 in Greek, Hebrew and Cyrillic). Fewer letters prove nothing.
_LEAST_COMPLETE, _FEWEST_LETTERS = 0.78, 8
#: A reading with this score is complete if it has at least this part of the letters.
_SURE, _HALF = 0.95, 0.5
#: Ink of a letter is higher than this part of its line and narrower than so many line heights.
_LETTER_HEIGHT, _LETTER_WIDTH = 0.25, 3.0
#: A score is worth nothing at the first value and all at 1.
_WORTHLESS = 0.5
#: The mean worth of the lines, by their length, of a page that was read (measured: 0.9 on good
#: scans, at most 0.2 on scripts that the models do not know).
_LEAST_WORTH = 0.3


def check_readable(
    corners: Sequence[Corners], worths: Sequence[float], others: Callable[[], str]
) -> None:
    """Raise UnreadableScript if hardly anything of the lines at ``corners`` was read.

    ``worths`` are those of ``worth``; ``others`` names the scripts that it reads besides.
    """
    lengths: list[float] = []
    products: list[float] = []
    for corner, worth_of_line in zip(corners, worths, strict=True):
        length, height = sorted(line_size(corner), reverse=True)
        if length > _LINE_RATIO * height > 0:
            lengths.append(length)
            products.append(length * worth_of_line)
    if len(lengths) >= _FEWEST_LINES and sum(products) < _LEAST_WORTH * sum(lengths):
        raise UnreadableScript(
            f"the page shows {len(lengths)} lines of text, but they could not be read: the cpu "
            f"engine reads {MODEL_SCRIPTS} script{others()}; use another engine for other scripts, "
            "or install tesseract with the data of the language"
        )


def worth(corners: Corners, text: RecognizedText, mask: Mask) -> float:
    """How far one line was read, 0 to 1; ``mask`` is the ink of its page in pixels."""
    length, height = sorted(line_size(corners), reverse=True)
    characters = len(clean_text(text.text).replace(" ", ""))
    complete = _complete(corners, text, mask)
    if characters * height < _LEAST_DENSITY * length or complete < _LEAST_COMPLETE:
        return 0.0
    return complete * max(0.0, (text.score - _WORTHLESS) / (1 - _WORTHLESS))


def _complete(corners: Corners, text: RecognizedText, mask: Mask) -> float:
    """The part of the letters of a horizontal line that the recogniser did not skip, 0 to 1."""
    # An ideograph has several parts, and letters of other scripts are connected or in parts too.
    if text.words or any(map(is_cjk, text.text)):
        return 1.0
    characters = len(text.text.replace(" ", ""))
    letters = _letters(corners, mask)
    if letters < _FEWEST_LETTERS:
        return 1.0
    part = min(1.0, characters / letters)
    # Only the outlines of very large letters are ink, so that each counts as several.
    return 1.0 if text.score >= _SURE and part >= _HALF else part


def _letters(corners: Corners, mask: Mask) -> int:
    """The number of letters that the ink at ``corners`` shows, touching ones counted as one."""
    left, top = np.maximum(corners.min(axis=0), 0).astype(int).tolist()
    right, bottom = corners.max(axis=0).astype(int).tolist()
    part = np.ascontiguousarray(mask[top:bottom, left:right])
    if not part.size:
        return 0
    _, _, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=8)
    height = part.shape[0]
    filled = np.zeros(part.shape[1] + 1, np.int8)
    for start, _, width, tall, _ in stats[1:].tolist():
        if tall >= _LETTER_HEIGHT * height and width < _LETTER_WIDTH * height:
            filled[start : start + width] = 1
    return int(np.count_nonzero(np.diff(filled, prepend=0) == 1))
