"""Builds the grid of a table by the alignment of its words."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from typing import NamedTuple

from workers.engines.cpu.layout.grids.gutters import column_edges
from workers.engines.cpu.layout.grids.rules import Rules
from workers.engines.cpu.layout.grids.words import Segment, Word, segments_of, word_rows
from workers.engines.cpu.layout.grids.wrapped_rows import TextRow, grouped_rows, is_number
from workers.engines.cpu.values import Box, GridCell, Table, bounding_box

#: A level rule parts rows if it is longer than this part of the table.
_FULL_RULE = 0.6
#: Words that are further apart than this, in font sizes, may stand in two columns.
_WORD_SPACE = 0.42
#: Cells over several columns are searched in so many rows at the top.
_HEADER_ROWS = 3
#: The lines of a cell are further apart than this, in font sizes.
_LINE = 0.9


class _Grid(NamedTuple):
    area: Box
    #: The left and right edges of all columns.
    edges: list[float]
    rules: Rules
    sections: tuple[Box, ...] = ()


def aligned_grid(
    area: Box,
    words: Sequence[Word],
    rules: Rules,
    edges: Sequence[float] = (),
    sections: Sequence[Box] = (),
) -> Table | None:
    """The grid of ``words`` in ``area``; None if they form no columns or only one row.

    ``edges`` are the edges between columns if upright rules show them; ``sections`` are rows that
    the table model takes for the label of a section.
    """
    rows = word_rows(words)
    if len(rows) < 2:
        return None
    rows, between = _without_rows_between(rows)
    # Words beside two header rows count as words of the second.
    inner = list(edges) or column_edges([rows[0], [*between, *rows[1]], *rows[2:]])
    if not inner:
        return None
    inside = rules.inside(area)
    grid = _Grid(area, [area.left, *inner, area.right], inside, tuple(sections))
    texts = [TextRow(_box(row), _texts(row, grid)) for row in rows]
    levels = [r.center_y for r in inside.horizontal if r.width > _FULL_RULE * area.width]
    groups = grouped_rows(texts, levels)
    tops = _tops(groups, texts, area)
    lines = [
        _cells([rows[index] for index in group], number, tops, grid)
        for number, group in enumerate(groups)
    ]
    filled = [
        [any(texts[index].texts[column] for index in group) for column in range(len(inner) + 1)]
        for group in groups
    ]
    return Table(area, tuple(map(tuple, _with_row_spans(lines, filled, between, grid))))


def _without_rows_between(rows: list[list[Word]]) -> tuple[list[list[Word]], list[Word]]:
    """``rows`` without those of cells that are centred beside two header rows, and their words."""
    for index in range(1, min(_HEADER_ROWS, len(rows) - 2)):
        above, row, below = rows[index - 1 : index + 2]
        size = row[0].size
        near = _box(below).center_y - _box(above).center_y < 2.2 * size
        # Lines of cells with two and with three lines alternate.
        alternate = _box(rows[index + 2]).center_y - _box(below).center_y < _LINE * size
        if (
            near
            and not alternate
            and _has_more_cells(below, above)
            and not any(_share_column(word, other) for word in row for other in (*above, *below))
        ):
            return [*rows[:index], *rows[index + 1 :]], row
    return rows, []


def _has_more_cells(below: Sequence[Word], above: Sequence[Word]) -> bool:
    """Whether ``below`` divides cells of ``above``, and is not the second line of each."""
    return len(segments_of(below, _WORD_SPACE)) > len(segments_of(above, _WORD_SPACE))


def _share_column(word: Word, other: Word) -> bool:
    return word.box.overlap_width(other.box) > 0


def _box(row: Sequence[Word]) -> Box:
    return bounding_box(word.box for word in row)


def _texts(row: Sequence[Word], grid: _Grid) -> tuple[str, ...]:
    columns: list[list[str]] = [[] for _ in grid.edges[1:]]
    for word in row:
        columns[_column(word.box.center_x, grid)].append(word.text)
    return tuple(" ".join(column) for column in columns)


def _column(x: float, grid: _Grid) -> int:
    return sum(x >= edge for edge in grid.edges[1:-1])


def _tops(groups: Sequence[Sequence[int]], rows: Sequence[TextRow], area: Box) -> list[float]:
    """The y between rows of the table, and its top and bottom."""
    tops = [area.top]
    for above, below in pairwise(groups):
        bottom = max(rows[index].box.center_y for index in above)
        top = min(rows[index].box.center_y for index in below)
        tops.append((bottom + top) / 2)
    return [*tops, area.bottom]


def _cells(
    rows: Sequence[Sequence[Word]], number: int, tops: Sequence[float], grid: _Grid
) -> list[GridCell]:
    spans = [(column, column) for column in range(len(grid.edges) - 1)]
    if len(rows) == 1:
        spans = _spans(segments_of(rows[0], _WORD_SPACE), number, grid)
    return [
        GridCell(
            Box(grid.edges[first], tops[number], grid.edges[last + 1], tops[number + 1]),
            "td",
            "",
            last - first + 1,
        )
        for first, last in spans
    ]


def _spans(segments: Sequence[Segment], number: int, grid: _Grid) -> list[tuple[int, int]]:
    """The first and last column of each cell of a row."""
    columns = len(grid.edges) - 1
    if len(segments) == 1 and _is_section(segments[0], grid):
        return [(0, columns - 1)]
    found = [_span(segment, number, grid) for segment in segments]
    taken = [span for span in found if span[1] > span[0]]
    if any(a[1] >= b[0] and b[1] >= a[0] for a, b in combinations(set(taken), 2)):
        taken = []
    covered = {column for first, last in taken for column in range(first, last + 1)}
    alone = [(column, column) for column in range(columns) if column not in covered]
    return sorted({*taken, *alone})


def _is_section(segment: Segment, grid: _Grid) -> bool:
    """Whether a lone ``segment`` labels the rows under it."""
    box, size = segment.box, segment.words[0].size
    if is_number(segment.text):
        return False
    bold = all(word.bold for word in segment.words)
    crosses = box.left < grid.edges[1] and box.right > grid.edges[1] + size
    centred = abs(box.center_x - grid.area.center_x) < size
    known = any(other.top < box.center_y < other.bottom for other in grid.sections)
    return bold or crosses or centred or known


def _span(segment: Segment, number: int, grid: _Grid) -> tuple[int, int]:
    """The columns that ``segment`` spans: those it crosses, or is centred over in a header."""
    box, size = segment.box, segment.words[0].size
    slack = 0.3 * size
    first, last = _column(box.left + slack, grid), _column(box.right - slack, grid)
    if number >= _HEADER_ROWS or is_number(segment.text):
        return (first, last) if number < _HEADER_ROWS else (_column(box.center_x, grid),) * 2
    ruled = _rule_under(segment, grid)
    return ruled or (first, max(first, last))


def _rule_under(segment: Segment, grid: _Grid) -> tuple[int, int] | None:
    """The columns over the short rule right under ``segment``."""
    box, size = segment.box, segment.words[0].size
    for rule in grid.rules.horizontal:
        near = -0.3 * size < rule.center_y - box.bottom < size
        around = rule.left - size < box.left and box.right < rule.right + size
        if near and around and rule.width < _FULL_RULE * grid.area.width:
            return (
                _column(rule.left + 0.5 * size, grid),
                _column(rule.right - 0.5 * size, grid),
            )
    return None


def _with_row_spans(
    rows: list[list[GridCell]],
    filled: Sequence[Sequence[bool]],
    between: Sequence[Word],
    grid: _Grid,
) -> list[list[GridCell]]:
    """``rows`` with the cells of two header rows joined, where only one of the two has text.

    There the first row has cells over several columns; ``between`` are words beside both rows.
    """
    if len(rows) < 3 or all(cell.colspan == 1 for cell in rows[0]):
        return rows
    if len(rows[0]) == 1 or any(cell.colspan > 1 for cell in rows[1]):
        return rows
    joined = {_column(word.box.center_x, grid) for word in between}
    for column in range(len(grid.edges) - 1):
        if filled[0][column] and not filled[1][column]:
            joined.add(column)
    return [_with_tall_cells(rows, joined, grid), _without(rows[1], joined, grid), *rows[2:]]


def _with_tall_cells(rows: list[list[GridCell]], columns: set[int], grid: _Grid) -> list[GridCell]:
    bottom = rows[1][0].box.bottom
    return [
        replace(cell, box=cell.box._replace(bottom=bottom), rowspan=2)
        if cell.colspan == 1 and _column(cell.box.center_x, grid) in columns
        else cell
        for cell in rows[0]
    ]


def _without(row: list[GridCell], columns: set[int], grid: _Grid) -> list[GridCell]:
    return [cell for cell in row if _column(cell.box.center_x, grid) not in columns]
