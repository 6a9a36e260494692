"""Recognises program code by its type and keeps its rows and their indentation."""

from collections.abc import Sequence
from statistics import median

from workers.engines.cpu.characters import CUT
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import Row

_MOSTLY = 0.8
#: Code is mostly plain ASCII; a Korean or Chinese type is of equal width anyway.
_ASCII = 0.7
_DEEPEST = 80


def is_code(draft: Draft) -> bool:
    """Whether nearly all of ``draft`` is set in a type of equal widths."""
    mono = "".join(line.text for line in draft.lines if line.mono)
    ascii_only = sum(map(str.isascii, mono))
    return ascii_only > _ASCII * len(mono) and len(mono) > _MOSTLY * _letters(draft)


def _letters(draft: Draft) -> int:
    return sum(len(line.text) for line in draft.lines)


def code_text(rows: Sequence[Row]) -> str:
    """``rows`` line by line, indented in characters of the usual width."""
    left = min(row.box.left for row in rows)
    width = median([row.box.width / len(row.text) for row in rows if row.text]) or 1.0
    return "\n".join(_indent(row, left, width) + row.text.rstrip(CUT) for row in rows)


def _indent(row: Row, left: float, width: float) -> str:
    return " " * min(_DEEPEST, round((row.box.left - left) / width))
