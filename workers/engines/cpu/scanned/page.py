"""Reads a page from its pixels alone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pymupdf
from numpy.typing import NDArray

from workers.engines.cpu.confidence import ink_in_lines
from workers.engines.cpu.drawn_marks.bullets import with_bullets
from workers.engines.cpu.layout.canvas import paint_page, points_per_pixel
from workers.engines.cpu.layout.grids.ruled_pictures import with_ruled_tables
from workers.engines.cpu.layout.grids.rules import rules_of_tables
from workers.engines.cpu.layout.regions import find_regions, find_tables
from workers.engines.cpu.ocr.glyphs.glyph_pitch import with_monospaced
from workers.engines.cpu.ocr.gutters import split_at_gutters
from workers.engines.cpu.ocr.missed_lines import read_missed_lines
from workers.engines.cpu.ocr.orientation import UprightPage, make_upright
from workers.engines.cpu.ocr.page_ink import Mask, PageInk
from workers.engines.cpu.ocr.readable import check_readable, worth
from workers.engines.cpu.ocr.recognizer import Recognizer
from workers.engines.cpu.ocr.vertical_columns import is_column, read_columns
from workers.engines.cpu.recognition import Corners, Pixels, RecognizedText
from workers.engines.cpu.recognized_page import RecognizedPage
from workers.engines.cpu.scanned.lines import LineBuilder
from workers.engines.cpu.scanned.near_pages import NearPages
from workers.engines.cpu.scanned.photos import with_photos
from workers.engines.cpu.scanned.watermark import without_watermark
from workers.engines.cpu.tesseract.other_scripts import (
    OtherReading,
    ReadLine,
    other_scripts,
    read_other_scripts,
)
from workers.engines.cpu.values import Line, PageContent

#: Lines with a lower score than this (0 to 1) are dirt.
_LOWEST_SCORE = 0.5
#: A page that was straightened by less than this, in degrees, lies as the pages near it do.
_COMPARABLE_SKEW = 0.5


def page_from_pixels(
    recognizer: Recognizer, image: Pixels, near: NearPages | None = None
) -> RecognizedPage:
    """Read all text, regions and tables of ``image``, shape (height, width, BGR).

    ``near`` are the pages around it; None if they are not known. Raises UnreadableScript if the
    page shows text of which hardly anything was read.
    """
    page = make_upright(recognizer, without_watermark(image))
    scale = points_per_pixel(page.image)
    line_corners = split_at_gutters(page.image, page.corners)
    texts = recognizer.read_lines(page.image, line_corners)
    if page.has_columns:
        texts = _with_columns(recognizer, page, line_corners, texts)
    ink = PageInk(page.image)
    builder = LineBuilder.of(ink, scale)
    # The detector takes the empty part of a dark band for a line.
    lines_of_ink = [line for line in zip(line_corners, texts, strict=True) if ink.is_in(line[0])]
    reading = _read_all(recognizer, page.image, lines_of_ink, builder.ink)
    read = reading.lines
    well_read = [corners for corners, text in read if text.score >= _LOWEST_SCORE]
    missed = read_missed_lines(recognizer, ink, well_read)
    built = [builder.line(*line) for line in (*read, *missed)]
    lines = with_bullets(with_monospaced(built), builder.ink, scale)
    upright = page.rotation == 0 and abs(_skew(page)) < _COMPARABLE_SKEW
    near = replace(near, is_upright=upright) if near is not None else None
    content = _content(ink, [line for line in lines if _is_text(line)], near)
    return RecognizedPage(
        content,
        page.rotation,
        "pixels",
        ink_in_lines(ink, content),
        _unskew_in_points(page, scale),
        also_read_by=reading.read_by,
    )


def _read_all(
    recognizer: Recognizer, image: Pixels, lines: list[ReadLine], mask: Mask
) -> OtherReading:
    """``lines`` with those in scripts that the models do not know, if Tesseract reads them."""
    worths = [worth(*line, mask) for line in lines]
    reading = read_other_scripts(recognizer, image, lines, worths)
    if reading.read_by:
        worths = [worth(*line, mask) for line in reading.lines]
    check_readable([corners for corners, _ in lines], worths, other_scripts)
    return reading


def _content(ink: PageInk, lines: list[Line], near: NearPages | None) -> PageContent:
    image = ink.image
    scale = points_per_pixel(image)
    width, height = image.shape[1] * scale, image.shape[0] * scale
    with pymupdf.open() as document:
        page = paint_page(document, image, lines)
        regions = with_ruled_tables(find_regions(page), lines, ink.mask, scale)
        regions = with_photos(regions, lines, image, scale)
        tables = find_tables(page, regions)
    recurring = near.recurring(image, regions, lines, scale) if near is not None else None
    rules = rules_of_tables(regions, ink.mask, scale)
    return PageContent(width, height, tuple(lines), regions, tables, recurring, rules=rules)


def _is_text(line: Line) -> bool:
    return bool(line.text) and (line.score or 0.0) >= _LOWEST_SCORE


def _with_columns(
    recognizer: Recognizer,
    page: UprightPage,
    corners: Sequence[Corners],
    texts: Sequence[RecognizedText],
) -> list[RecognizedText]:
    """``texts`` with those of vertical columns read from top to bottom."""
    columns = [index for index, corner in enumerate(corners) if is_column(corner)]
    read = read_columns(recognizer, page.image, [corners[index] for index in columns])
    result = list(texts)
    for index, text in zip(columns, read, strict=True):
        result[index] = text
    return result


def _skew(page: UprightPage) -> float:
    """The degrees by which ``page`` was straightened."""
    if page.unskew is None:
        return 0.0
    return float(np.degrees(np.arctan2(page.unskew[1, 0], page.unskew[0, 0])))


def _unskew_in_points(page: UprightPage, scale: float) -> NDArray[np.float64] | None:
    """The unskew matrix of ``page`` for points instead of pixels."""
    if page.unskew is None:
        return None
    matrix = page.unskew.copy()
    matrix[:, 2] *= scale
    return matrix
