"""Takes the lines of a PDF page from its text layer, with their fonts and visibility."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pymupdf

from workers.engines.contract import Rotation
from workers.engines.cpu.characters import cleaned, is_broken, is_hangul, is_rtl
from workers.engines.cpu.text_layer.fonts import equal_width_fonts, is_bold
from workers.engines.cpu.values import Box, Line, bounding

_FLAGS = (
    pymupdf.TEXT_PRESERVE_LIGATURES  # apart later, when right-to-left text is in order
    | pymupdf.TEXT_PRESERVE_WHITESPACE
    | pymupdf.TEXT_MEDIABOX_CLIP
    | pymupdf.TEXT_COLLECT_STYLES
)
_SUPERSCRIPT = 1
#: Bits of a span's char_flags: neither filled nor stroked is invisible.
_PAINTED = 16 | 32
#: A gap of this many font sizes inside a line parts it.
_WIDE_GAP = 2.0
#: A step of the baseline by this many font sizes, where the size stays, is a formula's.
_STEP, _SAME_SIZE = 0.4, 0.05
_NO_WIDTH = 0.05
_RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_FRACTION_BARS = ("/", "\u2044", "\u2215")
#: Korean lines that end with a space, when spaces at line ends mean something.
_SPACED = 0.15
#: A page with more lines than this is made to hurt.
_MOST_LINES = 20_000
_TURNS: dict[tuple[int, int], Rotation] = {(1, 0): 0, (0, -1): 90, (-1, 0): 180, (0, 1): 270}


@dataclass(frozen=True)
class LayerLine:
    """A line of the layer and what tells whether to believe it."""

    line: Line
    painted: bool
    #: Characters that no encoding maps; a bullet's does not count.
    broken: int
    #: The font of most of the line.
    font: str


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
    raw = list(islice(_raw_lines(page), _MOST_LINES))
    mono = equal_width_fonts(span for line in raw for span in line["spans"])
    return _with_cuts([_layer_line(piece, mono) for line in raw for piece in _pieces(line)])


def _with_cuts(layers: list[LayerLine]) -> list[LayerLine]:
    """``layers`` with Korean lines marked that end inside a word.

    Where some end with a space, those without one are cut; where none does, nothing is known.
    """
    korean = [layer for layer in layers if is_hangul(layer.line.text[-1:])]
    spaced = sum(layer.line.space_after for layer in korean)
    if spaced <= _SPACED * len(korean):
        return layers
    cut = {id(layer) for layer in korean if not layer.line.space_after}
    return [
        replace(layer, line=replace(layer.line, cut=True)) if id(layer) in cut else layer
        for layer in layers
    ]


def _raw_lines(page: pymupdf.Page) -> Iterator[dict[str, Any]]:
    lines = [
        line
        for block in page.get_text("dict", flags=_FLAGS)["blocks"]
        for line in block.get("lines", ())
    ]
    if not any(is_rtl(character) for line in lines for character in _line_text(line)):
        yield from lines
        return
    for block in page.get_text("rawdict", flags=_FLAGS)["blocks"]:
        for line in block.get("lines", ()):
            yield {**line, "spans": [_in_writing_order(span) for span in line["spans"]]}


def _line_text(line: dict[str, Any]) -> str:
    return "".join(span["text"] for span in line["spans"])


def _in_writing_order(span: dict[str, Any]) -> dict[str, Any]:
    """``span`` with its text, the letters of Arabic ligatures put back into their order.

    A glyph of two letters has them as one wide and one of no width; reversing the line for its
    direction reversed these two as well.
    """
    letters = [char["c"] for char in span["chars"]]
    for place, char in enumerate(span["chars"][:-1]):
        left, _, right, _ = char["bbox"]
        if right - left < _NO_WIDTH and is_rtl(char["c"]) and is_rtl(letters[place + 1]):
            letters[place : place + 2] = letters[place + 1], letters[place]
    return {**span, "text": "".join(letters)}


def _direction(page: pymupdf.Page) -> Rotation:
    weights: dict[tuple[int, int], int] = {}
    for line in _raw_lines(page):
        way = (round(line["dir"][0]), round(line["dir"][1]))
        length = sum(len(span["text"].strip()) for span in line["spans"])
        weights[way] = weights.get(way, 0) + length
    most = max(weights, key=lambda way: weights[way], default=(1, 0))
    return _TURNS.get(most, 0)


def _pieces(line: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    piece: list[dict[str, Any]] = []
    for span in line["spans"]:
        blank = not span["text"].strip()
        if piece and not blank and _parts(piece[-1], span):
            yield piece
            piece = []
        if not blank or piece:
            piece.append(span)
    if piece:
        yield piece


def _parts(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether ``after`` stands far behind ``before``, or higher or lower at the same size."""
    size = float(after["size"])
    step = abs(float(after["origin"][1] - before["origin"][1]))
    steps = step > _STEP * size and abs(float(before["size"]) - size) < _SAME_SIZE * size
    return steps or _gap(before, after) > _WIDE_GAP * size


def _gap(before: dict[str, Any], after: dict[str, Any]) -> float:
    if not before["text"].strip():
        return 0.0
    return float(max(after["bbox"][0] - before["bbox"][2], before["bbox"][0] - after["bbox"][2]))


def _layer_line(spans: list[dict[str, Any]], mono_fonts: frozenset[str]) -> LayerLine:
    raw = "".join(span["text"] for span in spans).lstrip(" \ufffd")
    solid = [span for span in spans if span["text"].strip()]
    line = Line(
        box=bounding(Box(*span["bbox"]) for span in solid),
        text=cleaned(_text(spans)),
        size=max(span["size"] for span in solid),
        mono=all(span["font"] in mono_fonts for span in solid),
        bold=all(map(is_bold, solid)),
        space_before=spans[0]["text"][:1].isspace(),
        space_after=spans[-1]["text"][-1:].isspace(),
    )
    painted = all(span["char_flags"] & _PAINTED and span["alpha"] for span in solid)
    font = max(solid, key=lambda span: len(span["text"]))["font"]
    return LayerLine(line, painted, sum(map(is_broken, raw)), str(font))


def _text(spans: list[dict[str, Any]]) -> str:
    written = ""
    for span, after in zip(spans, [*spans[1:], None], strict=True):
        fraction = after is not None and after["text"].startswith(_FRACTION_BARS)
        under = written.endswith(_FRACTION_BARS)
        raised = bool(span["flags"] & _SUPERSCRIPT) and not under and not fraction
        written += _span_text(span, raised)
    return written


def _span_text(span: dict[str, Any], raised: bool) -> str:
    text = str(span["text"])
    if raised and text.strip().isdecimal():
        return text.strip().translate(_RAISED)
    return text
