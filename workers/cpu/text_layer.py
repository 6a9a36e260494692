"""Takes the lines of a PDF page from its text layer, with their fonts and visibility."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pymupdf

from workers.cpu.characters import cleaned, is_broken
from workers.cpu.values import Box, Line, bounding
from workers.engines.base import Rotation

_FLAGS = (
    pymupdf.TEXT_PRESERVE_LIGATURES  # apart later, when right-to-left text is in order
    | pymupdf.TEXT_PRESERVE_WHITESPACE
    | pymupdf.TEXT_MEDIABOX_CLIP
    | pymupdf.TEXT_COLLECT_STYLES
)
_SUPERSCRIPT, _MONO, _BOLD = 1, 8, 16
#: Bits of a span's char_flags: neither filled nor stroked is invisible.
_PAINTED = 16 | 32
#: A gap of this many font sizes inside a line parts it.
_WIDE_GAP = 2.0
_RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_FRACTION_BARS = ("/", "\u2044", "\u2215")
#: A page with more lines than this is made to hurt.
_MOST_LINES = 20_000
_TURNS: dict[tuple[int, int], Rotation] = {(1, 0): 0, (0, -1): 90, (-1, 0): 180, (0, 1): 270}


@dataclass(frozen=True)
class LayerLine:
    """A line of the layer and what tells whether to believe it."""

    line: Line
    painted: bool
    #: Characters that no encoding maps.
    broken: int


def upright_page(document: pymupdf.Document, number: int) -> tuple[pymupdf.Page, Rotation]:
    """Page ``number`` (1-based) without rotation, turned so that most of its text is upright.

    The angle is what turns the page as a viewer shows it.
    """
    page = document[number - 1]
    if page.first_widget is not None:
        document.bake(annots=False)
        page = document[number - 1]
    page.remove_rotation()
    turn = _direction(page)
    if turn:
        page.set_rotation(turn)
        page.remove_rotation()
    return page, turn


def lines_of(page: pymupdf.Page) -> list[LayerLine]:
    """All lines of the layer in the points of ``page``, hidden ones included."""
    found = [piece for line in _raw_lines(page) for piece in _pieces(line)]
    return found[:_MOST_LINES]


def _raw_lines(page: pymupdf.Page) -> Iterator[dict[str, Any]]:
    for block in page.get_text("dict", flags=_FLAGS)["blocks"]:
        yield from block.get("lines", ())


def _direction(page: pymupdf.Page) -> Rotation:
    weights: dict[tuple[int, int], int] = {}
    for line in _raw_lines(page):
        way = (round(line["dir"][0]), round(line["dir"][1]))
        length = sum(len(span["text"].strip()) for span in line["spans"])
        weights[way] = weights.get(way, 0) + length
    most = max(weights, key=lambda way: weights[way], default=(1, 0))
    return _TURNS.get(most, 0)


def _pieces(line: dict[str, Any]) -> Iterator[LayerLine]:
    piece: list[dict[str, Any]] = []
    for span in line["spans"]:
        blank = not span["text"].strip()
        if piece and not blank and _gap(piece[-1], span) > _WIDE_GAP * span["size"]:
            yield _layer_line(piece)
            piece = []
        if not blank or piece:
            piece.append(span)
    while piece and not piece[-1]["text"].strip():
        piece.pop()
    if piece:
        yield _layer_line(piece)


def _gap(before: dict[str, Any], after: dict[str, Any]) -> float:
    if not before["text"].strip():
        return 0.0
    return float(max(after["bbox"][0] - before["bbox"][2], before["bbox"][0] - after["bbox"][2]))


def _layer_line(spans: list[dict[str, Any]]) -> LayerLine:
    raw = "".join(span["text"] for span in spans)
    solid = [span for span in spans if span["text"].strip()]
    line = Line(
        box=bounding(Box(*span["bbox"]) for span in solid),
        text=cleaned(_text(spans)),
        size=max(span["size"] for span in solid),
        mono=all(span["flags"] & _MONO for span in solid),
        bold=all(span["flags"] & _BOLD for span in solid),
    )
    painted = all(span["char_flags"] & _PAINTED and span["alpha"] for span in solid)
    return LayerLine(line, painted, sum(map(is_broken, raw)))


def _text(spans: list[dict[str, Any]]) -> str:
    written = ""
    for span, after in zip(spans, [*spans[1:], None], strict=True):
        fraction = after is not None and after["text"].startswith(_FRACTION_BARS)
        alone = not written.strip() or written.endswith(_FRACTION_BARS)
        raised = bool(span["flags"] & _SUPERSCRIPT) and not alone and not fraction
        written += _span_text(span, raised)
    return written


def _span_text(span: dict[str, Any], raised: bool) -> str:
    text = str(span["text"])
    if raised and text.strip().isdecimal():
        return text.strip().translate(_RAISED)
    return text
