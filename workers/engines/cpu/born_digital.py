"""Reads a PDF page from its text layer where that can be believed."""

import numpy as np
import pymupdf

from shared.domain.records import TextLayer
from workers.engines.contract import Rotation
from workers.engines.cpu.layout.embedded_pictures import with_embedded_pictures
from workers.engines.cpu.layout.regions import find_regions, find_tables
from workers.engines.cpu.ocr.recognizer import Pixels, Recognizer
from workers.engines.cpu.recognized_page import Seen
from workers.engines.cpu.text_layer import hidden_text, text_layer_check
from workers.engines.cpu.text_layer.lines import LayerLine, lines_of, upright_page
from workers.engines.cpu.values import Line, PageContent


def see_text_layer(
    source: str, number: int, image: Pixels, recognizer: Recognizer, how: TextLayer
) -> Seen | None:
    """Page ``number`` (1-based) of the PDF ``source`` by its text layer, None where OCR is due.

    ``image`` is its rendering (height, width, BGR). With "always" any text will do.
    """
    with pymupdf.open(source, filetype="pdf") as document:
        page, turn = upright_page(document, number)
        found = lines_of(page)
        turned = _turned(image, turn)
        lines = _believed(page, found, turned, recognizer) if how == "auto" else _all(found)
        return _seen(page, lines, turn) if lines else None


def _all(found: list[LayerLine]) -> list[Line]:
    return [layer.line for layer in found if layer.line.text]


def _believed(
    page: pymupdf.Page, found: list[LayerLine], image: Pixels, recognizer: Recognizer
) -> list[Line]:
    if hidden_text.is_under_picture(page):
        return []
    scale = image.shape[1] / page.rect.width
    lines = text_layer_check.corrected(
        text_layer_check.shown(found, image, scale), image, scale, recognizer
    )
    return [] if hidden_text.misses_much(page, lines, image, recognizer) else lines


def _seen(page: pymupdf.Page, lines: list[Line], turn: Rotation) -> Seen:
    regions = find_regions(page)
    tables = find_tables(page, regions)
    regions = with_embedded_pictures(page, regions, lines)
    size = (page.rect.width, page.rect.height)
    return Seen(PageContent(*size, tuple(lines), regions, tables), turn, "text layer")


def _turned(image: Pixels, turn: Rotation) -> Pixels:
    return np.ascontiguousarray(np.rot90(image, -turn // 90)) if turn else image
