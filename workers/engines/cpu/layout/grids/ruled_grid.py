"""Builds the grid of a table whose ruling lines enclose its cells."""

from typing import NamedTuple

from workers.engines.cpu.layout.grids.rules import SAME_LINE, Rules, line_positions
from workers.engines.cpu.values import Box, GridCell, Table

#: A rule parts two cells if it covers more than this part of their common edge.
_COVERED = 0.6
#: A grid of more cells than this is a pattern of lines.
_MOST_CELLS = 4000


class _Lines(NamedTuple):
    xs: list[float]
    ys: list[float]
    rules: Rules


def ruled_grid(area: Box, rules: Rules) -> Table | None:
    """The grid in ``area``; None if the rules do not enclose cells."""
    inside = rules.inside(area)
    xs = line_positions([rule.center_x for rule in inside.vertical])
    ys = line_positions([rule.center_y for rule in inside.horizontal])
    if len(xs) < 2 or len(ys) < 2:
        return None
    xs, ys = _with_edges(xs, area.left, area.right), _with_edges(ys, area.top, area.bottom)
    if (len(xs) - 1) * (len(ys) - 1) > _MOST_CELLS or len(xs) < 3 or len(ys) < 3:
        return None
    lines = _Lines(xs, ys, inside)
    cells = _merged_cells(lines)
    if cells is None or len(cells) < 4:
        return None
    return Table(Box(xs[0], ys[0], xs[-1], ys[-1]), _rows(cells, lines))


def _with_edges(lines: list[float], start: float, end: float) -> list[float]:
    """``lines`` with the open edges of the table, where it goes on beyond them."""
    before = [start] if lines[0] - start > 2 * SAME_LINE else []
    after = [end] if end - lines[-1] > 2 * SAME_LINE else []
    return [*before, *lines, *after]


def _merged_cells(lines: _Lines) -> list[tuple[int, int, int, int]] | None:
    """The cells as (row, column, rows, columns); None if one is no rectangle."""
    rows, columns = len(lines.ys) - 1, len(lines.xs) - 1
    owner: dict[tuple[int, int], int] = {}
    groups: list[set[tuple[int, int]]] = []
    for row in range(rows):
        for column in range(columns):
            if (row, column) not in owner:
                group = _spread(row, column, lines)
                owner |= dict.fromkeys(group, len(groups))
                groups.append(group)
    cells = [_extent(group) for group in groups]
    if any(cell[2] * cell[3] != len(group) for cell, group in zip(cells, groups, strict=True)):
        return None
    return cells


def _extent(group: set[tuple[int, int]]) -> tuple[int, int, int, int]:
    rows, columns = zip(*group, strict=True)
    top, left = min(rows), min(columns)
    return top, left, max(rows) - top + 1, max(columns) - left + 1


def _spread(row: int, column: int, lines: _Lines) -> set[tuple[int, int]]:
    """All elementary cells that no rule parts from the one at ``row`` and ``column``."""
    group, waiting = {(row, column)}, [(row, column)]
    while waiting:
        one = waiting.pop()
        for other in _open_neighbours(*one, lines):
            if other not in group:
                group.add(other)
                waiting.append(other)
    return group


def _open_neighbours(row: int, column: int, lines: _Lines) -> list[tuple[int, int]]:
    xs, ys = lines.xs, lines.ys
    result = []
    if column + 2 < len(xs) and not _has_upright(xs[column + 1], ys[row], ys[row + 1], lines):
        result.append((row, column + 1))
    if column > 0 and not _has_upright(xs[column], ys[row], ys[row + 1], lines):
        result.append((row, column - 1))
    if row + 2 < len(ys) and not _has_level(ys[row + 1], xs[column], xs[column + 1], lines):
        result.append((row + 1, column))
    if row > 0 and not _has_level(ys[row], xs[column], xs[column + 1], lines):
        result.append((row - 1, column))
    return result


def _has_upright(x: float, top: float, bottom: float, lines: _Lines) -> bool:
    covered = sum(
        max(0.0, min(rule.bottom, bottom) - max(rule.top, top))
        for rule in lines.rules.vertical
        if abs(rule.center_x - x) < SAME_LINE
    )
    return covered > _COVERED * (bottom - top)


def _has_level(y: float, left: float, right: float, lines: _Lines) -> bool:
    covered = sum(
        max(0.0, min(rule.right, right) - max(rule.left, left))
        for rule in lines.rules.horizontal
        if abs(rule.center_y - y) < SAME_LINE
    )
    return covered > _COVERED * (right - left)


def _rows(
    cells: list[tuple[int, int, int, int]], lines: _Lines
) -> tuple[tuple[GridCell, ...], ...]:
    xs, ys = lines.xs, lines.ys
    # Between the two strokes of a double rule no cell begins: that is no row.
    begun = sorted({row for row, *_ in cells})
    rows: list[list[GridCell]] = [[] for _ in begun]
    for row, column, down, right in sorted(cells):
        box = Box(xs[column], ys[row], xs[column + right], ys[row + down])
        height = sum(row <= other < row + down for other in begun)
        rows[begun.index(row)].append(GridCell(box, "td", "", right, height))
    return tuple(map(tuple, rows))
