"""Reads a page from its pixels alone."""

import numpy as np
import pymupdf
from numpy.typing import NDArray

from workers.engines.cpu.characters import cleaned
from workers.engines.cpu.layout.canvas import FONT_SHARE, paint, scale_of
from workers.engines.cpu.layout.regions import find_regions, find_tables
from workers.engines.cpu.ocr.gutters import parted
from workers.engines.cpu.ocr.orientation import Upright, make_upright
from workers.engines.cpu.ocr.recognizer import Corners, Pixels, Recognizer, Words, is_tall, sides
from workers.engines.cpu.recognized_page import Seen
from workers.engines.cpu.values import Box, Line, PageContent

#: Lines below this score are dirt.
_LOWEST_SCORE = 0.5


def see_pixels(recognizer: Recognizer, image: Pixels, layout: bool = True) -> Seen:
    """Everything on ``image`` (height, width, BGR); lines only where not ``layout``."""
    page = make_upright(recognizer, image)
    scale = scale_of(page.image)
    found = parted(page.image, page.corners)
    pairs = zip(found, recognizer.read(page.image, found), strict=True)
    lines = [_line(corners, word, scale) for corners, word in pairs]
    return Seen(
        _content(page.image, [line for line in lines if _is_text(line)], layout),
        page.turn,
        "pixels",
        _in_points(page, scale),
    )


def _content(image: Pixels, lines: list[Line], layout: bool) -> PageContent:
    scale = scale_of(image)
    width, height = image.shape[1] * scale, image.shape[0] * scale
    if not layout:
        return PageContent(width, height, tuple(lines))
    with pymupdf.open() as document:
        page = paint(document, image, lines)
        regions = find_regions(page)
        tables = find_tables(page, regions)
    return PageContent(width, height, tuple(lines), regions, tables)


def _line(corners: Corners, word: Words, scale: float) -> Line:
    left, top = corners.min(axis=0).tolist()
    right, bottom = corners.max(axis=0).tolist()
    size = sides(corners)[0 if is_tall(corners) else 1] * scale * FONT_SHARE
    box = Box(left * scale, top * scale, right * scale, bottom * scale)
    return Line(box, cleaned(word.text), size, word.score)


def _is_text(line: Line) -> bool:
    return bool(line.text) and (line.score or 0.0) >= _LOWEST_SCORE


def _in_points(page: Upright, scale: float) -> NDArray[np.float64] | None:
    if page.unskew is None:
        return None
    matrix = page.unskew.copy()
    matrix[:, 2] *= scale
    return matrix
