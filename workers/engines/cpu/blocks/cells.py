"""Reads a table's HTML into cells, parts rows that the model took for one, and writes it again."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from workers.engines.cpu.blocks.paragraphs import join
from workers.engines.cpu.characters import cleaned

_LARGEST_SPAN = 500
#: A figure as tables have them: 1,204.50, (0.1), 12 %, -, 3.5M.
_FIGURE = re.compile(r"^[^\w]*\d[\d.,:/\s]*[^\w]*[A-Za-z%°]{0,3}[^\w]*$|^[-–—.*]+$")
_MOST_ROWS = 60


@dataclass(frozen=True)
class Cell:
    """One cell; ``lines`` are its lines of plain text."""

    tag: str
    lines: tuple[str, ...] = ()
    colspan: int = 1
    rowspan: int = 1


def read(markup: str) -> list[list[Cell]]:
    """The rows of the tables in ``markup``; everything but cells and their text is dropped."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    reader.end_cell()
    return [row for row in reader.rows if row]


def write(rows: Sequence[Sequence[Cell]]) -> str:
    """``rows`` as one table on one line, text escaped."""
    return f"<table>{''.join(_row(row) for row in rows)}</table>" if rows else ""


def parted(row: Sequence[Cell]) -> list[list[Cell]]:
    """``row`` as several where its figures stand in lines one over the other.

    Figures never wrap, so they tell how many rows there are; what has one line spans them all.
    """
    count = max((len(cell.lines) for cell in row if _is_figures(cell)), default=1)
    whole = [cell for cell in row if len(cell.lines) < 2]
    parts = [cell for cell in row if len(cell.lines) == count]
    even = len(whole) + len(parts) == len(row)
    if not 2 <= count <= _MOST_ROWS or not even or len(parts) < 2 or not _spans_one(row):
        return [list(row)]
    first = [_nth(cell, 0) if cell in parts else replace(cell, rowspan=count) for cell in row]
    return [first, *([_nth(cell, i) for cell in parts] for i in range(1, count))]


def _spans_one(row: Sequence[Cell]) -> bool:
    return all(cell.rowspan == 1 for cell in row)


def _is_figures(cell: Cell) -> bool:
    return all(_FIGURE.match(line) for line in cell.lines)


def _nth(cell: Cell, place: int) -> Cell:
    return replace(cell, lines=(cell.lines[place],))


def _row(row: Sequence[Cell]) -> str:
    return f"<tr>{''.join(map(_cell, row))}</tr>"


def _cell(cell: Cell) -> str:
    spans = "".join(
        f' {name}="{size}"'
        for name, size in (("colspan", cell.colspan), ("rowspan", cell.rowspan))
        if size > 1
    )
    text = html.escape(join(cell.lines), quote=False)
    return f"<{cell.tag}{spans}>{text}</{cell.tag}>"


@dataclass
class _Open:
    """A cell whose end has not come yet."""

    tag: str
    colspan: int
    rowspan: int
    lines: list[str] = field(default_factory=lambda: [""])


class _Reader(HTMLParser):
    """Collects rows and cells, whatever stands around them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[Cell]] = []
        self._open: _Open | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br" and self._open is not None:
            self._open.lines.append("")
        elif tag == "tr":
            self.end_cell()
            self.rows.append([])
        elif tag in ("td", "th"):
            self.end_cell()
            spans = dict(attrs)
            self._open = _Open(tag, _span(spans.get("colspan")), _span(spans.get("rowspan")))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("table", "tr", "td", "th"):
            self.end_cell()

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open.lines[-1] += data

    def end_cell(self) -> None:
        """Put the open cell, if there is one, into the last row."""
        cell, self._open = self._open, None
        if cell is None:
            return
        if not self.rows:
            self.rows.append([])
        lines = tuple(line for line in map(cleaned, cell.lines) if line)
        self.rows[-1].append(Cell(cell.tag, lines, cell.colspan, cell.rowspan))


def _span(value: str | None) -> int:
    digits = value if value and value.isascii() and value.isdigit() and len(value) < 9 else "1"
    return min(max(1, int(digits)), _LARGEST_SPAN)
