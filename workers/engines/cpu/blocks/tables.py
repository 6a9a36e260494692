"""Writes tables as one line of plain HTML, from the table model's or from bare lines."""

import html
import re
from collections.abc import Sequence

from workers.engines.cpu.blocks import cells, split_headers
from workers.engines.cpu.layout.rows import Row
from workers.engines.cpu.values import Line

#: A table of the model is kept where it has at least this part of the characters seen.
_KEPT = 0.7
#: Pieces of one column start or end within this many font sizes of each other.
_GAP = 0.8


def tidy(markup: str) -> str:
    """``markup`` with nothing in it but rows, cells, spans and escaped text, on one line."""
    rows = split_headers.mended(cells.read(markup))
    return cells.write([part for row in rows for part in cells.parted(row)])


def holds(markup: str, lines: Sequence[Line]) -> bool:
    """Whether tidy ``markup`` has most of the characters of ``lines``."""
    seen = sum(len(_bare(line.text)) for line in lines)
    return len(_bare(html.unescape(re.sub(r"<[^>]*>", "", markup)))) >= _KEPT * seen


def from_rows(rows: Sequence[Row]) -> str:
    """A table of ``rows`` whose columns are where gaps run through all of them."""
    edges = _columns([line for row in rows for line in row.lines])
    written = []
    for row in rows:
        texts: list[list[str]] = [[] for _ in edges]
        for line in row.lines:
            texts[_column(line, edges)].append(line.text)
        written.append([cells.Cell("td", tuple(text)) for text in texts])
    return cells.write(written)


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
