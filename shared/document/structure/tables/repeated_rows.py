"""Counts the header rows that a table repeats where it continues on the next page."""

from collections.abc import Sequence

from shared.document.structure.tables.html_tables import TableRow
from shared.document.structure.text.letters import letters

#: A header has at least so many different names, and at most so many rows.
_FEWEST_NAMES, _MOST_ROWS = 2, 6


def repeated_rows(first: Sequence[TableRow], second: Sequence[TableRow]) -> int:
    """The number of rows at the beginning of ``second`` that repeat the header of ``first``.

    After the first row, a row belongs to the header only if all its cells are header cells, or if a
    header cell above spans into it.
    """
    count, end = 0, 1
    for row, other in zip(first[:_MOST_ROWS], second, strict=False):
        in_header = count < end or all(cell.tag == "th" for cell in (*row, *other))
        if not in_header or _key(row) != _key(other):
            break
        end = max([end, *(count + cell.height for cell in row)])
        count += 1
    names = {letters(cell.text) for row in first[:count] for cell in row} - {""}
    return count if count >= end and len(names) >= _FEWEST_NAMES else 0


def _key(row: TableRow) -> list[tuple[str, int, int]]:
    return [(letters(cell.text).casefold(), cell.width, cell.height) for cell in row]
