"""Fills the grid of the table model with the lines of the page."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from workers.engines.cpu.blocks.tables.cells import Cell
from workers.engines.cpu.characters import clean_text
from workers.engines.cpu.layout.grids.words import character_words
from workers.engines.cpu.layout.rows import group_into_rows
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Box, Character, GridCell, Line, Table

#: Larger values of colspan and rowspan are cut to this, so that no reader builds a huge grid.
_LARGEST_SPAN = 500


def filled_cells(table: Table, lines: Sequence[Line]) -> list[list[Cell]]:
    """The rows of ``table`` with the text of ``lines``, each word in the cell around it.

    Where no line has measured characters, the text that the table model read stays.
    """
    if not any(line.characters for line in lines):
        return [[_cell(cell, cell.text.split("\n")) for cell in row] for row in table.rows]
    cells = [cell for row in table.rows for cell in row]
    pieces: dict[int, list[Line]] = {index: [] for index in range(len(cells))}
    for line in lines:
        for index, piece in _pieces(line, cells):
            pieces[index].append(piece)
    indices = iter(range(len(cells)))
    return [
        [
            _cell(cell, [row.rich_text for row in group_into_rows(pieces[next(indices)])])
            for cell in row
        ]
        for row in table.rows
    ]


def _cell(cell: GridCell, texts: Sequence[str]) -> Cell:
    lines = tuple(text for text in map(clean_text, texts) if text)
    spans = (min(max(1, span), _LARGEST_SPAN) for span in (cell.colspan, cell.rowspan))
    return Cell("th" if cell.tag == "th" else "td", lines, *spans)


def _pieces(line: Line, cells: Sequence[GridCell]) -> Iterator[tuple[int, Line]]:
    """The parts of ``line`` in different cells, each with the index of its cell."""
    if not line.characters or line.characters[0].box.height > line.box.width:
        yield _index_around(line.box, cells), line
        return
    words = [(_index_around(_box(word), cells), word) for word in character_words(line.characters)]
    for index, run in groupby(words, key=itemgetter(0)):
        yield index, line_of([character for _, word in run for character in word])


def _box(word: Sequence[Character]) -> Box:
    inked = [character.box for character in word if not character.text.isspace()]
    return Box(
        min(box.left for box in inked),
        min(box.top for box in inked),
        max(box.right for box in inked),
        max(box.bottom for box in inked),
    )


def _index_around(box: Box, cells: Sequence[GridCell]) -> int:
    """Index of the cell around the middle of ``box``, or of the nearest one."""
    return min(range(len(cells)), key=lambda index: _distance(box, cells[index].box))


def _distance(box: Box, cell: Box) -> float:
    x = max(cell.left - box.center_x, 0.0, box.center_x - cell.right)
    y = max(cell.top - box.center_y, 0.0, box.center_y - cell.bottom)
    return x + y
