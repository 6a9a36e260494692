"""Reads and writes the rows of pipe tables, as the rows of HTML tables are read."""

import re
from collections.abc import Sequence

from shared.document.structure.tables.html_tables import TableCell, TableRow, TableRows

_DELIMITER = re.compile(r":?-+:?")
#: A column mark that ends a cell.
_CELL_END = re.compile(r"(?<!\\)\|")


def read_pipe_rows(text: str) -> TableRows | None:
    """The rows of ``text``, the first of them as a header; None where it is not a pipe table.

    Renderers differ on a column mark within code, so such a table is not read.
    """
    lines = text.strip("\n").split("\n")
    if len(lines) < 2 or not all(map(_is_row, lines)):
        return None
    if not all(_DELIMITER.fullmatch(cell.text) for cell in _row(lines[1], "th")):
        return None
    rows = [_row(line, "td" if number else "th") for number, line in enumerate(lines)]
    del rows[1]
    widths = {len(row) for row in rows}
    return TableRows(tuple(rows), widths.pop()) if len(widths) == 1 else None


def with_rows(text: str, last: TableRow | None, mark: str, rows: Sequence[TableRow]) -> str:
    """The pipe table ``text`` with ``rows`` after it; ``last`` replaces its last row.

    ``mark`` stands in the first of the rows, because a line of its own would end the table.
    """
    lines = text.rstrip("\n").split("\n")
    if last is not None:
        lines[-1] = _line(last)
    added = list(map(_line, rows)) or [lines.pop()]
    if mark:
        added[0] = added[0].replace("| ", f"| {mark}", 1)
    return "\n".join([*lines, *added])


def _is_row(line: str) -> bool:
    """Whether ``line`` is in column marks, none of which stands in a code span."""
    plain = line.strip()
    in_code = plain.split("`")[1::2]
    return plain[:1] == plain[-1:] == "|" and not any("|" in code for code in in_code)


def _row(line: str, tag: str) -> TableRow:
    cells = _CELL_END.split(line.strip()[1:-1])
    return tuple(TableCell(tag, "", cell.strip()) for cell in cells)


def _line(row: TableRow) -> str:
    return f"| {' | '.join(cell.text for cell in row)} |"
