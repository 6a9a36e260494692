"""Puts together a column's header that the table model took for two columns."""

from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.blocks.cells import Cell

Rows = list[list[Cell]]


def mended(rows: Rows) -> Rows:
    """``rows`` without columns that are nothing but the first half of the next one's header."""
    place = _half(rows) if _is_grid(rows) else None
    while place is not None:
        rows = [_joined(row, place) for row in rows]
        place = _half(rows)
    return rows


def _is_grid(rows: Rows) -> bool:
    simple = all(cell.colspan == cell.rowspan == 1 for row in rows for cell in row)
    return simple and len(rows) > 2 and len({len(row) for row in rows}) == 1


def _half(rows: Rows) -> int | None:
    """Place of a column without a body before one whose header goes on with it."""
    header, *body = rows
    for place in range(len(header) - 1):
        empty = not any(row[place].lines for row in body)
        if empty and _goes_on(header[place], header[place + 1], body, place + 1):
            return place
    return None


def _goes_on(first: Cell, second: Cell, body: Sequence[Sequence[Cell]], place: int) -> bool:
    filled = any(row[place].lines for row in body)
    start = " ".join(second.lines)[:1]
    return filled and (not first.lines or not start or start == "(" or start.islower())


def _joined(row: Sequence[Cell], place: int) -> list[Cell]:
    first, second = row[place], row[place + 1]
    whole = " ".join((*first.lines, *second.lines))
    return [*row[:place], replace(second, lines=(whole,) if whole else ()), *row[place + 2 :]]
