"""Reads the lines of a PDF page from its text layer, with their fonts and visibility."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pymupdf

from workers.engines.cpu.characters import clean_text, is_hangul, is_unmapped
from workers.engines.cpu.text_layer.fonts import is_bold, monospaced_fonts
from workers.engines.cpu.text_layer.raw_lines import raw_lines
from workers.engines.cpu.values import Box, Line, bounding_box

#: Bit of a span's ``flags``.
_SUPERSCRIPT = 1
#: Bits of a span's ``char_flags``: filled, stroked. Text with neither is invisible.
_PAINTED = 16 | 32
#: A gap of more than this many font sizes splits a line into two.
_WIDE_GAP = 2.0
#: A baseline step of more than this many font sizes splits a line if the font size stays the
#: same: it is a part of a formula and not a superscript.
_BASELINE_STEP = 0.4
#: Font sizes that differ by less than this part are the same.
_SAME_SIZE = 0.05
_RAISED_DIGITS = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_FRACTION_BARS = ("/", "\u2044", "\u2215")
#: If more than this part of the Korean lines ends with a space, spaces at line ends are stored.
_SPACED_LINES = 0.15


@dataclass(frozen=True)
class LayerLine:
    """A line of the text layer (in points) with what the layer check needs."""

    line: Line
    #: Whether all of its text is filled or stroked, and not transparent.
    painted: bool
    #: Number of characters without a mapping to Unicode, a bullet at the start excluded.
    unmapped: int
    #: Name of the font of the longest span.
    font: str


def read_lines(page: pymupdf.Page) -> list[LayerLine]:
    """All lines of the text layer in the points of ``page``, hidden ones included."""
    raw = list(raw_lines(page))
    monospaced = monospaced_fonts(span for line in raw for span in line["spans"])
    layer = [_layer_line(spans, monospaced) for line in raw for spans in _split_at_gaps(line)]
    return _with_cut_words_marked(layer)


def _with_cut_words_marked(layer: list[LayerLine]) -> list[LayerLine]:
    """``layer`` with ``ends_inside_word`` set for Korean lines that end inside a word.

    If some Korean lines end with a space, those without one end inside a word. If none does, the
    layer does not store spaces at line ends and nothing is set.
    """
    korean = [layer_line for layer_line in layer if is_hangul(layer_line.line.text[-1:])]
    spaced = sum(layer_line.line.space_after for layer_line in korean)
    if spaced <= _SPACED_LINES * len(korean):
        return layer
    cut = {id(layer_line) for layer_line in korean if not layer_line.line.space_after}
    return [
        replace(layer_line, line=replace(layer_line.line, ends_inside_word=True))
        if id(layer_line) in cut
        else layer_line
        for layer_line in layer
    ]


def _split_at_gaps(line: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The spans of ``line``, split at wide gaps and baseline steps."""
    piece: list[dict[str, Any]] = []
    for span in line["spans"]:
        blank = not span["text"].strip()
        if piece and not blank and _is_split(piece[-1], span):
            yield piece
            piece = []
        if not blank or piece:
            piece.append(span)
    if piece:
        yield piece


def _is_split(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether ``after`` is far from ``before``, or higher or lower at the same font size."""
    size = float(after["size"])
    step = abs(float(after["origin"][1] - before["origin"][1]))
    same_size = abs(float(before["size"]) - size) < _SAME_SIZE * size
    return (step > _BASELINE_STEP * size and same_size) or _gap(before, after) > _WIDE_GAP * size


def _gap(before: dict[str, Any], after: dict[str, Any]) -> float:
    """Points between two spans in either writing direction; 0 after a blank span."""
    if not before["text"].strip():
        return 0.0
    return float(max(after["bbox"][0] - before["bbox"][2], before["bbox"][0] - after["bbox"][2]))


def _layer_line(spans: list[dict[str, Any]], monospaced: frozenset[str]) -> LayerLine:
    raw = "".join(span["text"] for span in spans).lstrip(" \ufffd")
    inked = [span for span in spans if span["text"].strip()]
    line = Line(
        box=bounding_box(Box(*span["bbox"]) for span in inked),
        text=clean_text(_text(spans)),
        size=max(span["size"] for span in inked),
        monospaced=all(span["font"] in monospaced for span in inked),
        bold=all(map(is_bold, inked)),
        space_before=spans[0]["text"][:1].isspace(),
        space_after=spans[-1]["text"][-1:].isspace(),
    )
    painted = all(span["char_flags"] & _PAINTED and span["alpha"] for span in inked)
    font = max(inked, key=lambda span: len(span["text"]))["font"]
    return LayerLine(line, painted, sum(map(is_unmapped, raw)), str(font))


def _text(spans: list[dict[str, Any]]) -> str:
    """The text of ``spans``, raised numbers as superscript digits, except in fractions."""
    text = ""
    for span, after in zip(spans, [*spans[1:], None], strict=True):
        is_numerator = after is not None and after["text"].startswith(_FRACTION_BARS)
        is_denominator = text.endswith(_FRACTION_BARS)
        raised = bool(span["flags"] & _SUPERSCRIPT) and not is_denominator and not is_numerator
        text += _span_text(span, raised)
    return text


def _span_text(span: dict[str, Any], raised: bool) -> str:
    text = str(span["text"])
    if raised and text.strip().isdecimal():
        return text.strip().translate(_RAISED_DIGITS)
    return text
