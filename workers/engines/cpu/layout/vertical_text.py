"""Joins the letters of vertical Chinese and Japanese into columns, read from right to left."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.characters import is_cjk
from workers.engines.cpu.values import Line, bounding_box

#: Fewer letters below each other, or a smaller part of the page's lines, are not vertical text.
_FEWEST, _MOSTLY = 8, 0.6
#: Letters of a column are at most this far apart, in font sizes.
_LETTER_GAP = 1.0
#: A column written as one line is more than this many times as high as wide.
_RATIO = 1.5
#: Columns of vertical text together are higher than this, in font sizes.
_HIGH = 2.5


def with_vertical_text_joined(lines: Sequence[Line]) -> list[Line]:
    """``lines``, all vertical columns as one line at the place of their box."""
    vertical = [line for line in lines if _is_vertical(line)]
    letters = sum(len(line.text) for line in vertical)
    if letters < _FEWEST or len(vertical) < _MOSTLY * len(lines):
        return list(lines)
    columns = _columns(vertical)
    if max(sum(len(line.text) for line in column) for column in columns) < 2:
        return list(lines)
    if not all(map(_is_stacked, columns)):
        return list(lines)
    columns.sort(key=lambda column: -column[0].box.center_x)
    text = "".join(line.text for column in columns for line in column)
    box = bounding_box(line.box for line in vertical)
    joined = replace(vertical[0], text=text, box=box, characters=())
    return [*(line for line in lines if not _is_vertical(line)), joined]


def is_vertical_text(line: Line) -> bool:
    """Whether ``line`` was joined from columns of vertical text."""
    return len(line.text) >= _FEWEST and all(map(is_cjk, line.text)) and _is_high(line)


def _is_high(line: Line) -> bool:
    return line.box.height > _HIGH * line.size


def _is_vertical(line: Line) -> bool:
    """Whether ``line`` is one letter, or a column of letters."""
    if not line.text or not all(map(is_cjk, line.text)):
        return False
    return len(line.text) == 1 or line.box.height > _RATIO * line.box.width


def _columns(lines: Sequence[Line]) -> list[list[Line]]:
    """``lines`` by column, each from top to bottom."""
    columns: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.box.top):
        x = line.box.center_x
        column = next((c for c in columns if abs(c[0].box.center_x - x) < 0.3 * line.size), None)
        if column is None:
            columns.append([line])
        else:
            column.append(line)
    return columns


def _is_stacked(column: Sequence[Line]) -> bool:
    """Whether the letters of ``column`` follow each other closely."""
    gaps = [after.box.top - before.box.bottom for before, after in itertools.pairwise(column)]
    return all(gap < _LETTER_GAP * column[0].size for gap in gaps)
