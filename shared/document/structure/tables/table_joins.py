"""Joins a table that continues on the next page: one table with its header once.

Two tables are one where nothing but furniture and notes stands between them, and the second either
repeats the header of the first or goes on with cells of the same kind in each column.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from shared.document.structure.breaks import crosses_break
from shared.document.structure.tables import split_row
from shared.document.structure.tables.html_tables import (
    TableCell,
    TableRow,
    TableRows,
    raw_rows,
    read_rows,
    write_rows,
)
from shared.document.structure.tables.pipe_rows import read_pipe_rows, with_rows
from shared.document.structure.tables.repeated_rows import repeated_rows
from shared.document.structure.text.letters import letters
from shared.document.structure.text.marks import PAGE_MARK, page_mark
from shared.document.structure.units import FIGURE_LINK, Context, Join, Unit

#: A column of numbers has at least this part of numbers in its cells with text.
_MOSTLY = 0.6
#: Units that may stand between the parts of a table.
_BETWEEN = frozenset({"furniture", "table_footnote", "footnote"})
#: So many units between the parts of a table are more than two pages have.
_MOST_BETWEEN = 1000
#: A table with more characters is not joined to the next one, so that memory stays bounded.
_LONGEST = 1 << 20
#: The kinds of columns are judged by so many rows at the end of the table.
_JUDGED_ROWS = 500
_EMPTY = TableCell("td", "", "")


def table_joins(units: Iterable[Unit], context: Context) -> Iterator[Unit]:
    """``units`` with each continued table at the place of its first part."""
    waiting: list[Unit] = []  # the last table, and what may stand before its next part
    for unit in units:
        index = _table_before(waiting, unit, context)
        joined = None if index is None else _joined(waiting[index], unit, context)
        if index is not None and joined is not None:
            waiting[index] = joined
            continue
        if not waiting or unit.kind not in _BETWEEN or len(waiting) > _MOST_BETWEEN:
            yield from waiting
            waiting = []
        if waiting or unit.kind == "table":
            waiting.append(unit)
        else:
            yield unit
    yield from waiting


def _table_before(units: Sequence[Unit], unit: Unit, context: Context) -> int | None:
    """Index of the table at the end of the page before, if ``unit`` is the first of its page."""
    if unit.kind != "table" or FIGURE_LINK in unit.text:
        return None
    for index in range(len(units) - 1, -1, -1):
        before = units[index]
        if before.kind == "table":
            return index if crosses_break(before, unit, context) else None
        if before.kind not in _BETWEEN:
            return None
    return None


def _joined(before: Unit, unit: Unit, context: Context) -> Unit | None:
    if len(before.text) + len(unit.text) > _LONGEST:
        return None
    is_pipe = before.text.lstrip().startswith("|")
    read = read_pipe_rows if is_pipe else read_rows
    plain = PAGE_MARK.sub("", before.text)
    first, second = read(plain), read(unit.text)
    if first is None or second is None:
        return None if is_pipe else _joined_by_header(before, unit, context)
    if len(first.rows) < 2:
        return None
    rows = _continuing_rows(first, second)
    if rows is None:
        return None
    context.joins.append(Join("table", before.last, unit.first))
    last = first.rows[-1]
    mark = page_mark(unit.page) if unit.page != before.last.page else ""
    rest = split_row.rest_of(last, rows[0]) if rows else None
    if rest is not None:
        context.joins.append(Join("row", before.last, unit.first))
        last, rows = split_row.whole(last, rest, context.words), rows[1:]
    if is_pipe:
        text = with_rows(before.text, None if rest is None else last, mark, rows)
    else:
        head = before.text[: before.text.lower().rindex("<tr")]
        text = head + write_rows([last, mark, *rows]).removeprefix("<table>")
    return before._replace(text=text, places=before.places + unit.places)


def _joined_by_header(before: Unit, unit: Unit, context: Context) -> Unit | None:
    """Both tables as one, if the second repeats the header and cells span over rows."""
    first, second = raw_rows(PAGE_MARK.sub("", before.text)), raw_rows(unit.text)
    count = repeated_rows(first, second) if first and second else 0
    if not second or not count or len(second) == count:
        return None
    context.joins.append(Join("table", before.last, unit.first))
    mark = page_mark(unit.page) if unit.page != before.last.page else ""
    head = before.text[: before.text.lower().rindex("</table>")]
    text = head + write_rows([mark, *second[count:]]).removeprefix("<table>")
    return before._replace(text=text, places=before.places + unit.places)


def _continuing_rows(first: TableRows, second: TableRows) -> list[TableRow] | None:
    """The rows of ``second`` under the columns of ``first``; None if it is another table."""
    header = first.rows[0]
    body = first.rows[1:] if _is_header(header, first) else first.rows
    repeated = repeated_rows(first.rows, second.rows)
    if repeated:
        return list(second.rows[repeated:])
    repeats = _repeated_header(header, second.rows[0])
    if repeats is not None:
        return [_unspanned(row, repeats) for row in second.rows[1:]]
    head = second.rows[:1] if split_row.rest_of(first.rows[-1], second.rows[0]) else ()
    others = second.rows[len(head) :]
    judged = body[-_JUDGED_ROWS:]
    columns = _same_columns(judged, first.columns, TableRows(others, second.columns))
    if columns is None or (head and columns != list(range(first.columns))):
        return None
    return [*head, *(_as_body(_mapped(row, columns)) for row in others)]


def _is_header(row: TableRow, table: TableRows) -> bool:
    return len(table.rows) > 1 and all(cell.tag == "th" for cell in row)


def _repeated_header(header: TableRow, row: TableRow) -> list[int | None] | None:
    """For each column of ``header`` its column in a row that repeats it; else None."""
    names = [letters(cell.text).casefold() for cell in header]
    others = [letters(cell.text).casefold() for cell in row]
    if not any(names) or any(cell.width > 1 for cell in (*header, *row)):
        return None
    if names == others:
        return list(range(len(names)))
    filled = [name for name in others if name]
    missing = len(names) - len(filled)
    if missing > 1 or len(filled) < 2 or len(set(names)) < len(names):
        return None
    if [name for name in names if name in filled] != filled:
        return None
    return [others.index(name) if name in filled else None for name in names]


def _same_columns(
    body: Sequence[TableRow], columns: int, second: TableRows
) -> list[int | None] | None:
    """For each column its column in ``second``, by the kinds of the cells."""
    rows = second.rows
    if not rows:
        return list(range(columns))
    if any(cell.width > 1 for row in (*body, *rows) for cell in row):
        return None
    numeric = [_is_numeric([row[c] for row in body]) for c in range(columns)]
    if all(cell.tag == "th" for cell in rows[0]) and not _fits_numbers(numeric, rows[0]):
        return None
    if not any(numeric):
        is_named = all(cell.tag == "th" for cell in rows[0])
        return None if is_named or second.columns != columns else list(range(columns))
    for mapping in _mappings(columns, second):
        if all(_fits(numeric, _mapped(row, mapping)) for row in rows):
            return mapping
    return None


def _mappings(columns: int, second: TableRows) -> list[list[int | None]]:
    """Ways to lay the columns of ``second`` under those before; one column may be empty."""
    if second.columns == columns:
        return [list(range(columns))]
    if second.columns == columns - 1:
        return [
            [*range(empty), None, *range(empty, columns - 1)] for empty in range(columns - 1, 0, -1)
        ]
    if second.columns == columns + 1:
        blank = [
            c for c in range(second.columns) if not any(row[c].text.strip() for row in second.rows)
        ]
        return [[c for c in range(second.columns) if c != empty] for empty in blank]
    return []


def _is_numeric(cells: Sequence[TableCell]) -> bool:
    filled = [cell for cell in cells if cell.text.strip()]
    return bool(filled) and sum(cell.is_number for cell in filled) >= _MOSTLY * len(filled)


def _fits(numeric: Sequence[bool], row: TableRow) -> bool:
    """Whether the columns of numbers have numbers or nothing in ``row``."""
    wrong = sum(
        expected and bool(cell.text.strip()) and not cell.is_number
        for cell, expected in zip(row, numeric, strict=True)
    )
    return wrong == 0 or (wrong == 1 and len(row) > 3)


def _fits_numbers(numeric: Sequence[bool], row: TableRow) -> bool:
    """Whether a row that an engine took for a header is one of the body.

    It has a number where the columns have them, or it has a name and no value.
    """
    name, *values = (cell.text.strip() for cell in row)
    has_only_name = bool(name) and len(values) > 1 and not any(values)
    return (has_only_name or any(cell.is_number for cell in row)) and any(numeric)


def _mapped(row: TableRow, mapping: Sequence[int | None]) -> TableRow:
    return tuple(_EMPTY if c is None or c >= len(row) else row[c] for c in mapping)


def _unspanned(row: TableRow, mapping: Sequence[int | None]) -> TableRow:
    """A row that is one wide cell stays one."""
    return row if any(cell.width > 1 for cell in row) else _mapped(row, mapping)


def _as_body(row: TableRow) -> TableRow:
    return tuple(replace(cell, tag="td") for cell in row)
