"""Writes tables as one line of plain HTML, from the table model's or from bare lines."""

import html
import re
from collections.abc import Sequence
from html.parser import HTMLParser

from workers.cpu.characters import cleaned
from workers.cpu.paragraphs import join
from workers.cpu.rows import Row
from workers.cpu.values import Line

_LARGEST_SPAN = 500
_SPANS = ("colspan", "rowspan")
#: A table of the model is kept where it has at least this part of the characters seen.
_KEPT = 0.7
#: Pieces of one column start or end within this many font sizes of each other.
_GAP = 0.8


def tidy(markup: str) -> str:
    """``markup`` with nothing in it but rows, cells, spans and escaped text, on one line."""
    writer = _Writer()
    writer.feed(markup)
    writer.close()
    return writer.written()


def holds(markup: str, lines: Sequence[Line]) -> bool:
    """Whether tidy ``markup`` has most of the characters of ``lines``."""
    seen = sum(len(_bare(line.text)) for line in lines)
    return len(_bare(html.unescape(re.sub(r"<[^>]*>", "", markup)))) >= _KEPT * seen


def from_rows(rows: Sequence[Row]) -> str:
    """A table of ``rows`` whose columns are where gaps run through all of them."""
    edges = _columns([line for row in rows for line in row.lines])
    written = []
    for row in rows:
        cells: list[list[str]] = [[] for _ in edges]
        for line in row.lines:
            cells[_column(line, edges)].append(line.text)
        written.append("<tr>" + "".join(_cell(join(cell)) for cell in cells) + "</tr>")
    return f"<table>{''.join(written)}</table>"


def _cell(text: str) -> str:
    return f"<td>{html.escape(text, quote=False)}</td>"


def _columns(lines: Sequence[Line]) -> list[float]:
    edges: list[float] = []
    reach = float("-inf")
    for line in sorted(lines, key=lambda line: line.box.left):
        if line.box.left - reach > _GAP * line.size:
            edges.append(line.box.left)
        reach = max(reach, line.box.right)
    return edges


def _column(line: Line, edges: list[float]) -> int:
    return max(0, sum(line.box.left >= edge for edge in edges) - 1)


def _bare(text: str) -> str:
    return re.sub(r"\W+", "", text)


class _Writer(HTMLParser):
    """Copies what a table may hold and drops everything else."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._cell: list[str] | None = None

    def written(self) -> str:
        self._end_cell()
        return "".join(self._parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br" and self._cell is not None:
            self._cell.append("")
        elif tag in ("table", "tr"):
            self._end_cell()
            self._parts.append(f"<{tag}>")
        elif tag in ("td", "th"):
            self._end_cell()
            self._parts.append(f"<{tag}{_spans(attrs)}>")
            self._cell = [""]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("table", "tr", "td", "th"):
            self._end_cell()
            self._parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell[-1] += data

    def _end_cell(self) -> None:
        if self._cell is not None:
            text = join([cleaned(line) for line in self._cell])
            self._parts.append(html.escape(text, quote=False))
            self._cell = None


def _spans(attrs: list[tuple[str, str | None]]) -> str:
    kept = [(n, v) for n, v in attrs if n in _SPANS and v and v.isascii() and v.isdigit()]
    return "".join(f' {n}="{min(int(v or 1), _LARGEST_SPAN)}"' for n, v in kept if v != "1")
