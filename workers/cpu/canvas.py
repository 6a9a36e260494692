"""Makes a PDF page that carries recognised lines as text, for the layout model to look at."""

from collections.abc import Iterable

import numpy as np
import pymupdf

from workers.cpu.recognizer import Pixels
from workers.cpu.values import Line

#: Longest side of the page in points.
LONGEST_SIDE = 792.0
#: Font size and the baseline's distance from the middle, in line heights.
FONT_SHARE, BASELINE = 0.72, 0.36


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
    size = max(1.0, line.box.height * FONT_SHARE)
    latin = all(ord(character) < 256 for character in line.text)
    natural = (
        pymupdf.get_text_length(line.text, "helv", size)
        if latin
        else cjk.text_length(line.text, size)
    )
    start = pymupdf.Point(line.box.left, line.box.middle + BASELINE * line.box.height)
    stretch = line.box.width / natural if natural else 1.0
    font = "helv" if latin else "cjk"
    if not latin:
        page.insert_font("cjk", fontbuffer=cjk.buffer)
    morph = (start, pymupdf.Matrix(stretch, 0, 0, 1, 0, 0))
    page.insert_text(start, line.text, fontname=font, fontsize=size, morph=morph)
