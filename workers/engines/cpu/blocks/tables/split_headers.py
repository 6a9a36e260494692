"""Merges a column header that the table model split into two columns."""

from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.blocks.tables.cells import Cell

Rows = list[list[Cell]]


def merge_split_headers(rows: Rows) -> Rows:
    """``rows`` without columns that hold only the first half of the next column's header."""
    index = _half_header(rows) if _is_grid(rows) else None
    while index is not None:
        rows = [_merged(row, index) for row in rows]
        index = _half_header(rows)
    return rows


def _is_grid(rows: Rows) -> bool:
    no_spans = all(cell.colspan == cell.rowspan == 1 for row in rows for cell in row)
    return no_spans and len(rows) > 2 and len({len(row) for row in rows}) == 1


def _half_header(rows: Rows) -> int | None:
    """Index of the first empty column whose header continues in the next column."""
    header, *body = rows
    for index in range(len(header) - 1):
        empty = not any(row[index].lines for row in body)
        if empty and _continues(header[index], header[index + 1], body, index + 1):
            return index
    return None


def _continues(
    first: Cell, second: Cell, body: Sequence[Sequence[Cell]], second_index: int
) -> bool:
    """Whether ``second``, the header of a filled column, reads as the rest of ``first``."""
    filled = any(row[second_index].lines for row in body)
    start = " ".join(second.lines)[:1]
    return filled and (not first.lines or not start or start == "(" or start.islower())


def _merged(row: Sequence[Cell], index: int) -> list[Cell]:
    """``row`` with the cells at ``index`` and after it merged into one."""
    first, second = row[index], row[index + 1]
    text = " ".join((*first.lines, *second.lines))
    merged = replace(second, lines=(text,) if text else ())
    return [*row[:index], merged, *row[index + 2 :]]
