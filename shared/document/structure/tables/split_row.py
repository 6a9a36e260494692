"""Joins a row of a table that a page break divides inside its cells."""

from dataclasses import replace

from shared.document.structure.tables.html_tables import TableCell, TableRow
from shared.document.structure.text.hyphenation import ends_in_word, join_halves
from shared.document.structure.text.sentences import ends_sentence
from shared.document.structure.text.vocabulary import Vocabulary

#: A cell with at least so many characters may be unfinished.
_LONG_CELL = 20

#: The rest of each cell of a row; "" for cells that are complete.
Rest = tuple[str, ...]


def rest_of(last: TableRow, row: TableRow) -> Rest | None:
    """The parts of ``row`` that go on with cells of ``last``; None if it is a row of its own."""
    if any(cell.width > 1 for cell in last):
        return None
    if len(row) == 1 and row[0].width == len(last) > 1:
        return _rest_of_wide_row(last, row[0])
    if len(last) != len(row):
        return None
    rest = tuple(cell.text.strip() for cell in row)
    pairs = [(a.text.strip(), b) for a, b in zip(last, rest, strict=True) if b]
    goes_on = pairs and all(_goes_on(a, b) for a, b in pairs)
    return rest if goes_on and len(pairs) < len(rest) and not rest[0] else None


def whole(last: TableRow, rest: Rest, words: Vocabulary) -> TableRow:
    """``last`` with the rest of its cells."""
    return tuple(
        replace(cell, text=join_halves(cell.text, text, words)) if text else cell
        for cell, text in zip(last, rest, strict=True)
    )


def _rest_of_wide_row(last: TableRow, cell: TableCell) -> Rest | None:
    """An engine may take the only cell with text for a row that labels a section."""
    text = cell.text.strip()
    open_cells = [i for i, other in enumerate(last) if i and _goes_on(other.text.strip(), text)]
    if len(open_cells) != 1:
        return None
    return tuple(text if i == open_cells[0] else "" for i in range(len(last)))


def _goes_on(first: str, second: str) -> bool:
    if not first:
        return False
    unfinished = len(first) >= _LONG_CELL and not ends_sentence(first)
    return ends_in_word(first) or (unfinished and second[:1].isalnum())
