"""Makes a PDF page that carries recognised lines as text, for the layout model to look at."""

from collections.abc import Iterable

import numpy as np
import pymupdf

from workers.engines.cpu.ocr.recognizer import Pixels
from workers.engines.cpu.values import Box, Line

#: Longest side of the page in points.
LONGEST_SIDE = 792.0
#: Font size and the baseline's distance from the middle, in line heights.
FONT_SHARE, BASELINE = 0.72, 0.36
#: A line this many times as high as wide runs upwards.
_TALL = 1.5


def scale_of(image: Pixels) -> float:
    """Points per pixel on the page made from ``image``."""
    return LONGEST_SIDE / float(max(image.shape[:2]))


def paint(document: pymupdf.Document, image: Pixels, lines: Iterable[Line]) -> pymupdf.Page:
    """A new page of ``document`` with ``image`` (BGR) behind ``lines`` (in points)."""
    scale = scale_of(image)
    height, width = image.shape[:2]
    page = document.new_page(width=width * scale, height=height * scale)
    page.insert_image(page.rect, pixmap=_pixmap(image))
    cjk = pymupdf.Font("cjk")
    for line in lines:
        _write(page, line, cjk)
    return page


def _pixmap(image: Pixels) -> pymupdf.Pixmap:
    height, width = image.shape[:2]
    red_first = np.ascontiguousarray(image[:, :, ::-1])
    return pymupdf.Pixmap(pymupdf.csRGB, width, height, red_first.tobytes(), False)


def _write(page: pymupdf.Page, line: Line, cjk: pymupdf.Font) -> None:
    tall = len(line.text) > 2 and line.box.height > _TALL * line.box.width
    length, height = (
        (line.box.height, line.box.width) if tall else (line.box.width, line.box.height)
    )
    size = max(1.0, height * FONT_SHARE)
    latin = all(ord(character) < 256 for character in line.text)
    natural = (
        pymupdf.get_text_length(line.text, "helv", size)
        if latin
        else cjk.text_length(line.text, size)
    )
    stretch = length / natural if natural else 1.0
    font = "helv" if latin else "cjk"
    if not latin:
        page.insert_font("cjk", fontbuffer=cjk.buffer)
    start, matrix = _upwards(line.box, stretch) if tall else _along(line.box, stretch)
    page.insert_text(
        start,
        line.text,
        fontname=font,
        fontsize=size,
        rotate=90 if tall else 0,
        morph=(start, matrix),
    )


def _along(box: Box, stretch: float) -> tuple[pymupdf.Point, pymupdf.Matrix]:
    start = pymupdf.Point(box.left, box.middle + BASELINE * box.height)
    return start, pymupdf.Matrix(stretch, 0, 0, 1, 0, 0)


def _upwards(box: Box, stretch: float) -> tuple[pymupdf.Point, pymupdf.Matrix]:
    middle = (box.left + box.right) / 2
    start = pymupdf.Point(middle + BASELINE * box.width, box.bottom)
    return start, pymupdf.Matrix(1, 0, 0, stretch, 0, 0)
