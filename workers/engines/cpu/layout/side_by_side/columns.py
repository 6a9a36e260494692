"""Splits the lines of one text region into columns, even if the gutter is very narrow."""

import re
from collections.abc import Sequence
from itertools import pairwise

from workers.engines.cpu.layout.rows import Row, group_into_rows
from workers.engines.cpu.values import Line

#: Least number of rows on each side of a gutter.
_FEWEST_ROWS = 3
#: Least part of the rows that have a gap at the gutter.
_ROWS_WITH_GAP = 0.5
#: Gaps of one gutter lie within this distance of their median, in median line heights.
_SAME_GUTTER = 1.5
#: A line may reach over the gutter by at most this, in median line heights.
_OVERHANG = 0.5
#: The number of an item or a clause, which stands before its text and is no column of its own.
_BARE_NUMBER = re.compile(
    r"(?:\(?[a-z\d]{1,3}[.)]|§\s?\d{1,3}|\d{1,2}(?:\.\d{1,2}){1,4}\.?)$", re.I
)


def split_into_columns(lines: Sequence[Line], line_height: float) -> list[list[Line]]:
    """``lines`` split at gutters through nearly all rows, left to right.

    ``line_height`` is the median of the page, in points.
    """
    rows = group_into_rows(lines)
    gutter = _gutter_x(rows, line_height)
    if gutter is None:
        return [list(lines)]
    left = [line for line in lines if line.box.center_x < gutter]
    right = [line for line in lines if line.box.center_x >= gutter]
    if min(len(group_into_rows(left)), len(group_into_rows(right))) < _FEWEST_ROWS:
        return [list(lines)]
    if all(_BARE_NUMBER.match(line.text.strip()) for line in left):
        return [list(lines)]
    return [*split_into_columns(left, line_height), *split_into_columns(right, line_height)]


def _gutter_x(rows: Sequence[Row], line_height: float) -> float | None:
    """The x in points where most rows have a gap and no line crosses; None if there is none."""
    gaps = sorted(_gap_centers(rows))
    needed = max(_FEWEST_ROWS, _ROWS_WITH_GAP * len(rows))
    if len(gaps) < needed:
        return None
    x = gaps[len(gaps) // 2]
    aligned = [gap for gap in gaps if abs(gap - x) < _SAME_GUTTER * line_height]
    crossing = [line for row in rows for line in row.lines if _crosses(line, x, line_height)]
    return x if len(aligned) >= needed and not crossing else None


def _gap_centers(rows: Sequence[Row]) -> list[float]:
    centers = []
    for row in rows:
        boxes = sorted(line.box for line in row.lines)
        centers += [(before.right + after.left) / 2 for before, after in pairwise(boxes)]
    return centers


def _crosses(line: Line, x: float, line_height: float) -> bool:
    overhang = _OVERHANG * line_height
    return line.box.left + overhang < x < line.box.right - overhang
