"""Reads a PDF page from its text layer if the layer agrees with the rendered page."""

from collections.abc import Mapping

import numpy as np
import pymupdf

from shared.domain.records.options import TextLayer
from workers.engines.contract import Rotation
from workers.engines.cpu.confidence import ink_in_lines
from workers.engines.cpu.drawn_marks.check_boxes import with_drawn_boxes
from workers.engines.cpu.layout.embedded_pictures import with_embedded_pictures
from workers.engines.cpu.layout.grids.rules import rules_of_tables
from workers.engines.cpu.layout.regions import find_regions, find_tables
from workers.engines.cpu.ocr.page_ink import PageInk
from workers.engines.cpu.recognition import LineRecognizer, Pixels
from workers.engines.cpu.recognized_page import RecognizedPage
from workers.engines.cpu.text_layer.judging import all_lines, judged_lines
from workers.engines.cpu.text_layer.lines import read_lines
from workers.engines.cpu.text_layer.recurring import recurring_lines
from workers.engines.cpu.text_layer.text_layer_check import corrected_lines, reading_check
from workers.engines.cpu.text_layer.upright_page import upright_page
from workers.engines.cpu.text_layer.visible import hidden_text
from workers.engines.cpu.text_layer.visible.ink import PageImage
from workers.engines.cpu.values import Line, PageContent


def page_from_text_layer(
    source: str, number: int, image: Pixels, recognizer: LineRecognizer, policy: TextLayer
) -> RecognizedPage | None:
    """Read page ``number`` (1-based) of the PDF ``source`` from its text layer.

    ``image`` is the rendered page, shape (height, width, BGR). Returns None if the page has no
    text layer, or a wrong one and ``policy`` is "auto"; "always" accepts any text.
    """
    with pymupdf.open(source, filetype="pdf") as document:
        page, rotation = upright_page(document, number)
        pixels = _rotated(image, rotation)
        if policy == "auto":
            lines = _checked_lines(
                page, PageImage(pixels, pixels.shape[1] / page.rect.width), recognizer
            )
        else:
            lines = [layer_line.line for layer_line in read_lines(all_lines(page))]
        if not lines:
            return None
        ink = PageInk(pixels)
        content = _content(page, lines, recurring_lines(document, number), ink)
        return RecognizedPage(content, rotation, "text layer", ink_in_lines(ink, content))


def _checked_lines(page: pymupdf.Page, image: PageImage, recognizer: LineRecognizer) -> list[Line]:
    """The lines of visible characters, wrong text corrected; empty if the layer is unusable."""
    if hidden_text.is_under_picture(page):
        return []
    judged = judged_lines(page, image, reading_check(image, recognizer))
    lines = corrected_lines(read_lines(judged), image, recognizer)
    lacks_text = hidden_text.lacks_visible_text(page, lines, image.pixels, recognizer)
    return [] if lacks_text else lines


def _content(
    page: pymupdf.Page, lines: list[Line], recurring: Mapping[str, int], ink: PageInk
) -> PageContent:
    regions = find_regions(page)
    tables = find_tables(page, regions)
    regions = with_embedded_pictures(page, regions, lines)
    size = (page.rect.width, page.rect.height)
    scale = page.rect.width / ink.image.shape[1]
    lines = with_drawn_boxes(lines, ink, scale)
    rules = rules_of_tables(regions, ink.mask, scale)
    return PageContent(*size, tuple(lines), regions, tables, recurring, rules=rules)


def _rotated(image: Pixels, rotation: Rotation) -> Pixels:
    """``image`` rotated clockwise by ``rotation`` degrees."""
    return np.ascontiguousarray(np.rot90(image, -rotation // 90)) if rotation else image
