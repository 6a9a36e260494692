"""Reads pictures of single lines with Tesseract: their words, with places and confidence."""

import io
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from shared.domain.errors import EngineFailed
from workers.engines.cpu.recognition import Pixels, RecognizedWord
from workers.engines.cpu.tesseract.installation import Installation

#: Lines are scaled to this height in pixels, with a margin of this part of it on each side.
_HEIGHT, _MARGIN = 48, 0.33
#: Longer lines, in pixels at that height, are cut: no line of text is so long.
_LONGEST = 6000
#: Seconds for all lines of one call: some for the start and some for each line.
_START_S, _LINE_S = 20.0, 1.0
#: The level of a word in Tesseract's table, and the number of its columns.
_WORD, _COLUMNS = "5", 12
#: Above every place in a picture.
_MOST_PIXELS = 100_000


def read_words(
    tesseract: Installation, language: str, lines: Sequence[Pixels]
) -> list[list[RecognizedWord]]:
    """The words of each of ``lines``, pictures in BGR; raises EngineFailed."""
    if not lines:
        return []
    pictures = [_picture(line) for line in lines]
    arguments = ("-l", language, "--psm", "7", "--dpi", "300", "tsv")
    table = tesseract.run(arguments, _tiff(pictures), _START_S + _LINE_S * len(lines))
    words: list[list[RecognizedWord]] = [[] for _ in lines]
    for index, left, width, score, text in _rows(table):
        if 0 <= index < len(words):
            margin = round(_MARGIN * _HEIGHT)
            length = max(1, pictures[index].width - 2 * margin)
            start, end = ((x - margin) / length for x in (left, left + width))
            words[index].append(RecognizedWord(text, max(0.0, start), min(1.0, end), score))
    return words


def _picture(line: Pixels) -> Image.Image:
    """``line`` in grey at the usual height, with a margin of its ground."""
    grey = cv2.cvtColor(line, cv2.COLOR_BGR2GRAY)
    width = round(grey.shape[1] * _HEIGHT / max(1, grey.shape[0]))
    size = (min(_LONGEST, max(1, width)), _HEIGHT)
    scaled = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    margin = round(_MARGIN * _HEIGHT)
    ground = int(np.median(scaled))
    framed = cv2.copyMakeBorder(
        scaled, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=ground
    )
    return Image.fromarray(framed)


def _tiff(pictures: Sequence[Image.Image]) -> bytes:
    """``pictures`` as the pages of one file."""
    file = io.BytesIO()
    pictures[0].save(file, "TIFF", save_all=True, append_images=list(pictures[1:]))
    return file.getvalue()


def _rows(table: str) -> list[tuple[int, int, int, float, str]]:
    """Line (from 0), left and width in pixels, confidence and text of each word of ``table``.

    Raises EngineFailed for a table that Tesseract does not write.
    """
    try:
        return [_word(row) for row in map(_columns, table.split("\n")) if _is_word(row)]
    except ValueError:
        raise EngineFailed("tesseract printed a table that can't be read") from None


def _columns(line: str) -> list[str]:
    return line.split("\t")


def _is_word(row: Sequence[str]) -> bool:
    return len(row) == _COLUMNS and row[0] == _WORD and bool(row[-1].strip())


def _word(row: Sequence[str]) -> tuple[int, int, int, float, str]:
    line, left, width = (int(row[column]) for column in (1, 6, 8))
    score = float(row[10]) / 100
    if max(abs(left), abs(width)) > _MOST_PIXELS or not -1 <= score <= 1:
        raise ValueError("a place or a confidence that no picture has")
    return line - 1, left, width, max(0.0, score), row[-1].strip()
