"""Parses a table's HTML into cells, splits stacked rows, and writes the cells as HTML."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from workers.engines.cpu.blocks.paragraphs import join_rows
from workers.engines.cpu.characters import clean_text

#: Larger values of colspan and rowspan are cut to this, so that no reader builds a huge grid.
_LARGEST_SPAN = 500
#: A number as tables have them: 1,204.50, (0.1), 12 %, -, 3.5M.
_NUMBER = re.compile(r"^[^\w]*\d[\d.,:/\s]*[^\w]*[A-Za-z%°]{0,3}[^\w]*$|^[-–—.*]+$")
#: A row with more stacked lines than this stays one row: it is not a plausible table.
_MOST_STACKED_ROWS = 60


@dataclass(frozen=True)
class Cell:
    """One cell; ``tag`` is "td" or "th" and ``lines`` are its lines of plain text."""

    tag: str
    lines: tuple[str, ...] = ()
    colspan: int = 1
    rowspan: int = 1


def parse_cells(markup: str) -> list[list[Cell]]:
    """The rows of the tables in ``markup``; everything except cells and text is dropped."""
    parser = _CellParser()
    parser.feed(markup)
    parser.close()
    parser.end_cell()
    return [row for row in parser.rows if row]


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


def _is_numbers(cell: Cell) -> bool:
    return all(_NUMBER.match(line) for line in cell.lines)


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
    text = html.escape(join_rows(cell.lines), quote=False)
    return f"<{cell.tag}{spans}>{text}</{cell.tag}>"


@dataclass
class _OpenCell:
    """A cell whose end tag the parser has not reached yet."""

    tag: str
    colspan: int
    rowspan: int
    lines: list[str] = field(default_factory=lambda: [""])


class _CellParser(HTMLParser):
    """Collects rows and cells and ignores all other elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[Cell]] = []
        self._open: _OpenCell | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Start a row, a cell or a line of a cell."""
        if tag == "br" and self._open is not None:
            self._open.lines.append("")
        elif tag == "tr":
            self.end_cell()
            self.rows.append([])
        elif tag in ("td", "th"):
            self.end_cell()
            spans = dict(attrs)
            self._open = _OpenCell(tag, _span(spans.get("colspan")), _span(spans.get("rowspan")))

    def handle_endtag(self, tag: str) -> None:
        """End the open cell at the end of a cell, row or table."""
        if tag in ("table", "tr", "td", "th"):
            self.end_cell()

    def handle_data(self, data: str) -> None:
        """Add text to the open cell."""
        if self._open is not None:
            self._open.lines[-1] += data

    def end_cell(self) -> None:
        """Append the open cell, if there is one, to the last row."""
        cell, self._open = self._open, None
        if cell is None:
            return
        if not self.rows:
            self.rows.append([])
        lines = tuple(line for line in map(clean_text, cell.lines) if line)
        self.rows[-1].append(Cell(cell.tag, lines, cell.colspan, cell.rowspan))


def _span(value: str | None) -> int:
    """``value`` of colspan or rowspan as a number from 1 to the largest span."""
    digits = value if value and value.isascii() and value.isdigit() and len(value) < 9 else "1"
    return min(max(1, int(digits)), _LARGEST_SPAN)
