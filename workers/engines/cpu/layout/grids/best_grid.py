"""Chooses the grid of a table: by its rules, by the alignment of its words, or the model's."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from workers.engines.cpu.layout.grids.aligned_grid import aligned_grid
from workers.engines.cpu.layout.grids.ruled_grid import ruled_grid
from workers.engines.cpu.layout.grids.rules import Rules
from workers.engines.cpu.layout.grids.words import Word, word_rows, words_of
from workers.engines.cpu.layout.grids.wrapped_rows import is_number
from workers.engines.cpu.values import Box, GridCell, Line, Table, bounding_box

#: Cells with this many rows of text in two columns hold several rows of the table.
_STACKED = 3
#: Words with a gap of more than so many font sizes stand in different columns.
_COLUMN_GAP = 2.0
#: A line is upright text if it is higher than wide by this factor.
_UPRIGHT = 1.5
#: A rule with more than this part inside a word is a stroke of its letters.
_MOSTLY = 0.8


def best_table(area: Box, lines: Sequence[Line], rules: Rules, found: Table | None) -> Table | None:
    """The table of ``lines`` in ``area``; ``found`` is the grid of the table model, if any."""
    if not any(line.characters for line in lines):
        return found
    # Alignment says nothing of columns whose headers run upwards.
    if any(_is_upright(line) for line in lines):
        return _ruled_table(area, lines, rules) or found
    words = words_of(lines)
    whole = bounding_box((area, *(word.box for word in words)))
    rules = _without_letters(rules.inside(whole), words)
    ruled = ruled_grid(whole, rules)
    if ruled is not None and not _is_stacked(ruled, words):
        return _with_headers(ruled, found, words)
    edges = _column_edges(ruled) if ruled is not None else ()
    aligned = aligned_grid(whole, words, rules, edges, _sections(found))
    own = _columns(aligned) if aligned is not None else 0
    if ruled is None and found is not None and _columns(found) > own and _is_clean(found, words):
        aligned = aligned_grid(whole, words, rules, _column_edges(found), _sections(found))
    if aligned is None:
        return found
    return _with_headers(aligned, found, words)


def _ruled_table(area: Box, lines: Sequence[Line], rules: Rules) -> Table | None:
    """The table that the rules alone show, if each of its rows is one row of text."""
    words = words_of(lines)
    whole = bounding_box((area, *(word.box for word in words)))
    ruled = ruled_grid(whole, _without_letters(rules.inside(whole), words))
    if ruled is None or _is_stacked(ruled, words):
        return None
    return _with_headers(ruled, None, words)


def _is_upright(line: Line) -> bool:
    return len(line.text) > 2 and line.box.height > _UPRIGHT * line.box.width


def _without_letters(rules: Rules, words: Sequence[Word]) -> Rules:
    """``rules`` without the strokes of letters and signs, such as that of a dollar."""
    return Rules(
        tuple(rule for rule in rules.horizontal if not _is_stroke(rule, words)),
        tuple(rule for rule in rules.vertical if not _is_stroke(rule, words)),
    )


def _is_stroke(rule: Box, words: Sequence[Word]) -> bool:
    return any(rule.fraction_inside(word.box) > _MOSTLY for word in words)


def _sections(found: Table | None) -> list[Box]:
    """The rows of one wide cell that the table model found."""
    rows = found.rows if found is not None else ()
    return [row[0].box for row in rows if _is_wide(row)]


def _column_edges(table: Table) -> list[float]:
    lefts = sorted({cell.box.left for row in table.rows for cell in row})
    return lefts[1:]


def _columns(table: Table) -> int:
    return max((sum(cell.colspan for cell in row) for row in table.rows), default=0)


def _is_clean(found: Table, words: Sequence[Word]) -> bool:
    """Whether no word crosses a column of the table model, and each column has words."""
    edges = _column_edges(found)
    if len(edges) + 1 != _columns(found):
        return False
    crossed = any(word.box.left + 1 < edge < word.box.right - 1 for word in words for edge in edges)
    filled = {sum(word.box.center_x >= edge for edge in edges) for word in words}
    return not crossed and len(filled) == len(edges) + 1


def _is_stacked(table: Table, words: Sequence[Word]) -> bool:
    """Whether the rules leave several rows of the table in one row of cells."""
    for row in table.rows:
        counts = [
            len(word_rows([word for word in words if _holds(cell, word)]))
            for cell in row
            if cell.rowspan == 1
        ]
        if sum(count >= _STACKED for count in counts) >= max(2, len(row) - 1):
            return True
    wide = (cell for row in table.rows for cell in row if cell.colspan > 1)
    return any(_has_columns([word for word in words if _holds(cell, word)]) for cell in wide)


def _has_columns(words: Sequence[Word]) -> bool:
    """Whether ``words`` of a cell over several columns are rows of a table, such as its sums."""
    rows = word_rows(words)
    return len(rows) > 1 and all(
        any(
            after.box.left - before.box.right > _COLUMN_GAP * before.size
            for before, after in pairwise(row)
        )
        for row in rows
    )


def _holds(cell: GridCell, word: Word) -> bool:
    x, y = word.box.center_x, word.box.center_y
    return cell.box.left <= x < cell.box.right and cell.box.top <= y < cell.box.bottom


def _with_headers(table: Table, found: Table | None, words: Sequence[Word]) -> Table:
    """``table`` with "th" in header rows, and in cells that label a section."""
    headers = _header_rows(table, found, words)
    rows = [
        tuple(replace(cell, tag="th") for cell in row) if index < headers or _is_wide(row) else row
        for index, row in enumerate(table.rows)
    ]
    return replace(table, rows=tuple(rows))


def _is_wide(row: Sequence[GridCell]) -> bool:
    return len(row) == 1 and row[0].colspan > 1


def _header_rows(table: Table, found: Table | None, words: Sequence[Word]) -> int:
    """The number of rows at the top that are headers."""
    bottom = _header_bottom(found)
    count = 0
    for index, row in enumerate(table.rows):
        inside = [word for word in words if any(_holds(cell, word) for cell in row)]
        bold = bool(inside) and all(word.bold for word in inside)
        in_model = bool(row) and row[0].box.top + row[0].box.height / (2 * row[0].rowspan) < bottom
        if not bold and not in_model:
            break
        # The model takes the first row of the body for a header too.
        if index and not bold and any(is_number(word.text) for word in inside):
            break
        if index and _is_wide(row):
            break
        count += 1
    return count


def _header_bottom(found: Table | None) -> float:
    """The y of the end of the header rows of the table model; far above for none."""
    bottom = float("-inf")
    for row in found.rows if found is not None else ():
        if not all(cell.tag == "th" for cell in row):
            break
        bottom = max(bottom, *(cell.box.bottom for cell in row))
    return bottom
