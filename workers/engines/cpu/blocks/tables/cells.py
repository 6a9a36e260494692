"""Cells of a table: splits stacked rows and writes cells as HTML."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workers.engines.cpu.blocks.paragraphs import join_rows
from workers.engines.cpu.marks.cell_html import in_html
from workers.engines.cpu.marks.signs import without_marks

#: A number as tables have them: 1,204.50, (0.1), 12 %, -, 3.5M.
_NUMBER = re.compile(r"^[^\w]*\d[\d.,:/\s]*[^\w]*[A-Za-z%°]{0,3}[^\w]*$|^[-–—.*]+$")
#: A row with more stacked lines than this stays one row: it is not a plausible table.
_MOST_STACKED_ROWS = 60


@dataclass(frozen=True)
class Cell:
    """One cell; ``tag`` is "td" or "th" and ``lines`` are its lines of text with marks."""

    tag: str
    lines: tuple[str, ...] = ()
    colspan: int = 1
    rowspan: int = 1


def write_table(rows: Sequence[Sequence[Cell]]) -> str:
    """``rows`` as one HTML table on one line, with text escaped; "" for no rows."""
    return f"<table>{''.join(_row_html(row) for row in rows)}</table>" if rows else ""


def split_stacked_rows(row: Sequence[Cell]) -> list[list[Cell]]:
    """``row`` as several rows if the table model merged rows into one.

    Numbers never wrap, so the lines of a cell of numbers are rows. A cell with one line spans
    all of them.
    """
    count = max((len(cell.lines) for cell in row if _is_numbers(cell)), default=1)
    unstacked = [cell for cell in row if len(cell.lines) < 2]
    stacked = [cell for cell in row if len(cell.lines) == count]
    complete = len(unstacked) + len(stacked) == len(row)
    plausible = 2 <= count <= _MOST_STACKED_ROWS and len(stacked) >= 2
    if not plausible or not complete or any(cell.rowspan > 1 for cell in row):
        return [list(row)]
    first = [
        _with_line(cell, 0) if cell in stacked else replace(cell, rowspan=count) for cell in row
    ]
    return [first, *([_with_line(cell, i) for cell in stacked] for i in range(1, count))]


def split_stacked_header(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """``rows`` with the first row of the body apart from a header that swallowed it.

    The last lines of the header's cells then have the form of the cells below them.
    """
    result = [list(row) for row in rows]
    if len(rows) < 2 or len(rows[0]) != len(rows[1]) or len(rows[0]) < 2:
        return result
    header, below = rows[0], rows[1]
    counts = {len(cell.lines) for cell in header}
    alike = [
        bool(cell.lines) and _form(cell.lines[-1]) == _form(" ".join(under.lines))
        for cell, under in zip(header, below, strict=True)
    ]
    if len(counts) != 1 or counts <= {0, 1} or not alike[0] or 2 * sum(alike) < len(alike):
        return result
    names = [replace(cell, lines=cell.lines[:-1]) for cell in header]
    body = [replace(cell, tag="td", lines=cell.lines[-1:]) for cell in header]
    return [names, body, *result[1:]]


def _form(text: str) -> str:
    """``text`` with digits as 0 and words as a: N001 and N002 have the same form."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d", "0", without_marks(text)))


def _is_numbers(cell: Cell) -> bool:
    return all(_NUMBER.match(without_marks(line)) for line in cell.lines)


def _with_line(cell: Cell, index: int) -> Cell:
    return replace(cell, lines=(cell.lines[index],))


def _row_html(row: Sequence[Cell]) -> str:
    return f"<tr>{''.join(map(_cell_html, row))}</tr>"


def _cell_html(cell: Cell) -> str:
    spans = "".join(
        f' {name}="{size}"'
        for name, size in (("colspan", cell.colspan), ("rowspan", cell.rowspan))
        if size > 1
    )
    text = in_html(html.escape(join_rows(cell.lines), quote=False))
    return f"<{cell.tag}{spans}>{text}</{cell.tag}>"
