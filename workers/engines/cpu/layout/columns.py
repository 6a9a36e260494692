"""Finds columns inside one region of text, whose gutter may be narrower than a letter."""

from collections.abc import Sequence
from itertools import pairwise

from workers.engines.cpu.layout.rows import Row, rows_of
from workers.engines.cpu.values import Line

#: Rows on each side of a gutter, and the part of all rows that have a piece on both sides.
_FEWEST_ROWS, _BOTH_SIDES = 3, 0.5
#: A piece may reach over the gutter by this much, in line heights.
_SLACK = 0.5


def columns_of(lines: Sequence[Line], unit: float) -> list[list[Line]]:
    """``lines`` parted at gutters that run through nearly all rows, left to right."""
    rows = rows_of(lines)
    gutter = _gutter(rows, unit)
    if gutter is None:
        return [list(lines)]
    left = [line for line in lines if _middle(line) < gutter]
    right = [line for line in lines if _middle(line) >= gutter]
    if min(len(rows_of(left)), len(rows_of(right))) < _FEWEST_ROWS:
        return [list(lines)]
    return [*columns_of(left, unit), *columns_of(right, unit)]


def _gutter(rows: Sequence[Row], unit: float) -> float | None:
    """Where most rows break and no piece of text lies across, in page units."""
    breaks = sorted(_breaks(rows))
    needed = max(_FEWEST_ROWS, _BOTH_SIDES * len(rows))
    if len(breaks) < needed:
        return None
    place = breaks[len(breaks) // 2]
    near = [other for other in breaks if abs(other - place) < 1.5 * unit]
    pieces = [line for row in rows for line in row.lines]
    across = [line for line in pieces if _crosses(line, place, unit)]
    return place if len(near) >= needed and not across else None


def _breaks(rows: Sequence[Row]) -> list[float]:
    found = []
    for row in rows:
        boxes = sorted(line.box for line in row.lines)
        found += [(before.right + after.left) / 2 for before, after in pairwise(boxes)]
    return found


def _crosses(line: Line, place: float, unit: float) -> bool:
    return line.box.left + _SLACK * unit < place < line.box.right - _SLACK * unit


def _middle(line: Line) -> float:
    return (line.box.left + line.box.right) / 2
