"""Writes HTML tables as pipe tables: ``--tables auto`` where these can show the same, ``pipe``.

With ``pipe`` a cell that covers several columns or rows stands in the first of them, and the others
are empty. A table stays HTML where its rows cannot be told apart, and where its spans would make it
much longer. No cell is lost.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from shared.document.structure.tables.html_tables import TableRow, raw_rows
from shared.document.structure.text.marks import PAGE_MARK
from shared.document.structure.units import Context, Unit

MAX_COLUMNS = 200
MAX_CELLS = 100_000
#: A short text with huge spans may not fill the memory of the process that merges pages.
MAX_GROWTH = 4
#: An anchor between rows moves into the next row, because a line of its own would end the table.
_MARK_BEFORE_ROW = re.compile(
    rf"((?:{PAGE_MARK.pattern})+)\s*(<tr[^<>]*>\s*<t[dh][^<>]*>)", re.IGNORECASE
)
_INLINE_TAG = re.compile(r"</?(?:b|i|sup|sub)>|<br[ \t]*/?>", re.IGNORECASE)
_BLOCK_TAG = re.compile(r"</?center[^<>]*>", re.IGNORECASE)
_FORMULA = re.compile(
    r"\\\((?:(?!\\\().){1,2000}?\\\)|\\\[(?:(?!\\\[).){1,2000}?\\\]"
    r"|(?<![\\$])\$(?![\s$])[^$]{0,2000}?(?<![\s\\])\$(?![\d$])"
)
_KEPT = re.compile(rf"{_FORMULA.pattern}|{_INLINE_TAG.pattern}", re.IGNORECASE)
_ACTIVE = re.compile(r"[\\`*_\[\]~|]")
Grid = list[list[str]]


def pipe_tables(units: Iterable[Unit], context: Context) -> Iterator[Unit]:
    """``units`` with the tables that ``--tables`` asks for."""
    tables = context.render.tables
    return iter(units) if tables == "html" else (_piped(unit, tables == "auto") for unit in units)


def _piped(unit: Unit, only_same: bool) -> Unit:
    if unit.kind != "table" or not unit.text.lstrip().startswith("<"):
        return unit
    text = _MARK_BEFORE_ROW.sub(lambda mark: mark[3] + mark[1], unit.text)
    rows = raw_rows(text)
    if rows is None or (only_same and not all(map(_is_plain, rows))):
        return unit
    grid = _grid(rows)
    table = _table(grid) if grid else unit.text
    return unit._replace(text=table) if len(table) <= MAX_GROWTH * len(unit.text) else unit


def _is_plain(row: TableRow) -> bool:
    return all(cell.width == cell.height == 1 and not _BLOCK_TAG.search(cell.text) for cell in row)


def _grid(rows: Sequence[TableRow]) -> Grid | None:
    """The text of each cell by row and column; None for a table that is too large."""
    cells: dict[tuple[int, int], str] = {}
    columns = 0
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            while (number, column) in cells:
                column += 1
            if column + cell.width > MAX_COLUMNS or len(cells) > MAX_CELLS:
                return None
            for down in range(min(cell.height, len(rows) - number)):
                for right in range(cell.width):
                    cells.setdefault((number + down, column + right), "")
            cells[number, column] = _markdown(cell.text)
            column += max(1, cell.width)
            columns = max(columns, column)
    if not columns or columns * len(rows) > MAX_CELLS:
        return None
    return [[cells.get((row, at), "") for at in range(columns)] for row in range(len(rows))]


def _table(grid: Grid) -> str:
    first, *others = (f"| {' | '.join(row)} |" for row in grid)
    return "\n".join([first, f"|{' --- |' * len(grid[0])}", *others])


def _markdown(html: str) -> str:
    """The content of a cell on one line, with everything escaped that Markdown would read."""
    text = " ".join(_BLOCK_TAG.sub(" ", html).split())
    parts: list[str] = []
    position = 0
    for kept in _KEPT.finditer(text):
        parts += [_escaped(text[position : kept.start()]), _kept(kept.group())]
        position = kept.end()
    return "".join([*parts, _escaped(text[position:])])


def _kept(text: str) -> str:
    """A tag as it is; a formula without column marks."""
    return text if text.startswith("<") else text.replace("|", r"\|").replace("<", "&lt;")


def _escaped(text: str) -> str:
    return _ACTIVE.sub(r"\\\g<0>", text).replace("<", "&lt;")
