"""Paints a PDF page with recognised lines as its text: the input of the layout model."""

from collections.abc import Iterable

import numpy as np
import pymupdf

from workers.engines.cpu.recognition import Pixels
from workers.engines.cpu.values import Box, Line

#: Longest side of the page in points.
_LONGEST_SIDE = 792.0
#: Font size of a recognised line, in line heights.
FONT_SIZE = 0.72
#: Distance of the baseline below the middle of a line, in line heights.
_BASELINE = 0.36
#: The characters before this one are in the font helv; a letter stands in for any that is in none.
_LATIN_END, _STAND_IN = 256, "n"
#: A line runs upwards if its height is more than this many times its width.
_VERTICAL_RATIO = 1.5


def points_per_pixel(image: Pixels) -> float:
    """Points per pixel of ``image`` on its painted page."""
    return _LONGEST_SIDE / float(max(image.shape[:2]))


def paint_page(document: pymupdf.Document, image: Pixels, lines: Iterable[Line]) -> pymupdf.Page:
    """A new page of ``document`` with ``lines`` (in points) over ``image``."""
    scale = points_per_pixel(image)
    height, width = image.shape[:2]
    page = document.new_page(width=width * scale, height=height * scale)
    page.insert_image(page.rect, pixmap=_pixmap(image))
    cjk = pymupdf.Font("cjk")
    for line in lines:
        _insert_line(page, line, cjk)
    return page


def _pixmap(image: Pixels) -> pymupdf.Pixmap:
    height, width = image.shape[:2]
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    return pymupdf.Pixmap(pymupdf.csRGB, width, height, rgb.tobytes(), False)


def _insert_line(page: pymupdf.Page, line: Line, cjk: pymupdf.Font) -> None:
    """Write ``line`` into its box, stretched to the length of the box."""
    text = _writable(line.text, cjk)
    vertical = len(text) > 2 and line.box.height > _VERTICAL_RATIO * line.box.width
    length, height = (
        (line.box.height, line.box.width) if vertical else (line.box.width, line.box.height)
    )
    size = max(1.0, height * FONT_SIZE)
    latin = all(ord(character) < _LATIN_END for character in text)
    natural_length = (
        pymupdf.get_text_length(text, "helv", size) if latin else cjk.text_length(text, size)
    )
    stretch = length / natural_length if natural_length else 1.0
    if not latin:
        page.insert_font("cjk", fontbuffer=cjk.buffer)
    start, matrix = _upwards(line.box, stretch) if vertical else _rightwards(line.box, stretch)
    page.insert_text(
        start,
        text,
        fontname="helv" if latin else "cjk",
        fontsize=size,
        rotate=90 if vertical else 0,
        morph=(start, matrix),
    )


def _writable(text: str, cjk: pymupdf.Font) -> str:
    """``text`` with another letter for those that the fonts lack, such as Hebrew ones."""
    return "".join(
        letter if ord(letter) < _LATIN_END or cjk.has_glyph(ord(letter)) else _STAND_IN
        for letter in text
    )


def _rightwards(box: Box, stretch: float) -> tuple[pymupdf.Point, pymupdf.Matrix]:
    """Start of the baseline and matrix of a horizontal line."""
    start = pymupdf.Point(box.left, box.center_y + _BASELINE * box.height)
    return start, pymupdf.Matrix(stretch, 0, 0, 1, 0, 0)


def _upwards(box: Box, stretch: float) -> tuple[pymupdf.Point, pymupdf.Matrix]:
    """Start of the baseline and matrix of a line that runs upwards."""
    start = pymupdf.Point(box.center_x + _BASELINE * box.width, box.bottom)
    return start, pymupdf.Matrix(1, 0, 0, stretch, 0, 0)
