"""Writes tables as one line of plain HTML, from the table model's grid or from rows of text."""

import html
import re
from collections.abc import Sequence

from workers.engines.cpu.blocks.tables.cells import (
    Cell,
    split_stacked_header,
    split_stacked_rows,
    write_table,
)
from workers.engines.cpu.blocks.tables.split_headers import merge_split_headers
from workers.engines.cpu.layout.rows import Row
from workers.engines.cpu.values import Line

#: The table model's HTML counts if it has at least this part of the characters on the page.
_LEAST_TEXT = 0.7
#: A gap of more than this many font sizes separates two columns.
_COLUMN_GAP = 0.8


def write_grid(rows: list[list[Cell]]) -> str:
    """``rows`` as one line of HTML, split headers merged and stacked rows split."""
    merged = split_stacked_header(merge_split_headers(rows))
    return write_table([part for row in merged for part in split_stacked_rows(row)])


def has_most_text(markup: str, lines: Sequence[Line]) -> bool:
    """Whether ``markup`` of ``write_grid`` has most of the characters of ``lines``."""
    expected = sum(len(_word_characters(line.text)) for line in lines)
    text = html.unescape(re.sub(r"<[^>]*>", "", markup))
    return len(_word_characters(text)) >= _LEAST_TEXT * expected


def table_from_rows(rows: Sequence[Row]) -> str:
    """A table of ``rows`` with columns between the gaps that run through all rows."""
    edges = _column_edges([line for row in rows for line in row.lines])
    table = []
    for row in rows:
        texts: list[list[str]] = [[] for _ in edges]
        for line in row.lines:
            texts[_column_index(line, edges)].append(line.rich)
        table.append([Cell("td", tuple(cell_texts)) for cell_texts in texts])
    return write_table(table)


def _column_edges(lines: Sequence[Line]) -> list[float]:
    """The left edges of the columns, in points."""
    edges: list[float] = []
    reach = float("-inf")
    for line in sorted(lines, key=lambda line: line.box.left):
        if line.box.left - reach > _COLUMN_GAP * line.size:
            edges.append(line.box.left)
        reach = max(reach, line.box.right)
    return edges


def _column_index(line: Line, edges: list[float]) -> int:
    return max(0, sum(line.box.left >= edge for edge in edges) - 1)


def _word_characters(text: str) -> str:
    return re.sub(r"\W+", "", text)
