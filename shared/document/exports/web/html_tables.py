"""Places the cells of a table of the tree on a grid."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from shared.document.exports.web.html_tree import text_of

#: A table with more columns is cut into cells of one column each.
MAX_COLUMNS = 200
MAX_ROWS_OF_SPAN = 1000
#: Cells of one table that cover more than one place cover at most so many together, because a short
#: text can ask for millions; later ones cover one place each.
MAX_SPANNED = 200_000


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell and the rows and columns that it covers."""

    element: Element
    row: int
    column: int
    height: int
    width: int

    @property
    def is_header(self) -> bool:
        """Whether it is a heading of a column or row."""
        return self.element.tag == "th"


@dataclass(frozen=True, slots=True)
class Grid:
    """All cells of a table; no two cover the same place."""

    rows: int
    columns: int
    cells: tuple[GridCell, ...]


def grid_of(table: Element) -> Grid:
    """The grid of the rows of ``table`` itself, without those of a table within a cell."""
    rows = list(_rows(table))
    taken = _Taken()
    cells: list[GridCell] = []
    for number, row in enumerate(rows):
        column = 0
        for element in row:
            if element.tag not in ("td", "th"):
                continue
            column = taken.first_free(number, column)
            cell = taken.placed(element, number, column, len(rows))
            cells.append(cell)
            column += cell.width
    columns = max((cell.column + cell.width for cell in cells), default=0)
    return Grid(len(rows), columns, tuple(cells))


class _Taken:
    """The places that cells with spans cover, at most ``MAX_SPANNED``."""

    def __init__(self) -> None:
        self._places: set[tuple[int, int]] = set()

    def first_free(self, row: int, column: int) -> int:
        """The first column from ``column`` that no cell covers."""
        while (row, column) in self._places:
            column += 1
        return column

    def placed(self, element: Element, row: int, column: int, rows: int) -> GridCell:
        """The cell with the largest allowed size that covers no other cell."""
        width = min(_size(element, "colspan"), max(1, MAX_COLUMNS - column))
        height = min(_size(element, "rowspan"), rows - row, MAX_ROWS_OF_SPAN)
        free = (at for at in range(1, width) if (row, column + at) in self._places)
        cell = GridCell(element, row, column, height, next(free, width))
        if cell.height * cell.width == 1:
            return cell
        if self._has_room(cell.height * cell.width):
            if self._covers_another(cell):
                cell = GridCell(element, row, column, 1, cell.width)
            self._places |= _places(cell)
            return cell
        return GridCell(element, row, column, 1, 1)

    def _has_room(self, places: int) -> bool:
        return len(self._places) + places <= MAX_SPANNED

    def _covers_another(self, cell: GridCell) -> bool:
        return not self._places.isdisjoint(_places(cell))


def _rows(table: Element) -> list[Element]:
    rows: list[Element] = []
    for child in table:
        if child.tag == "tr":
            rows.append(child)
        elif child.tag in ("thead", "tbody"):
            rows += [row for row in child if row.tag == "tr"]
    return rows


def _places(cell: GridCell) -> set[tuple[int, int]]:
    return {
        (cell.row + down, cell.column + right)
        for down in range(cell.height)
        for right in range(cell.width)
    }


def _size(element: Element, name: str) -> int:
    value = element.get(name, "1")
    return max(1, int(value)) if value.isdecimal() and len(value) <= 3 else 1


def header_rows(grid: Grid) -> int:
    """The number of rows at the top whose cells are all headings."""
    rows = [True] * grid.rows
    for cell in grid.cells:
        rows[cell.row] = rows[cell.row] and cell.is_header
    return next((number for number, is_head in enumerate(rows) if not is_head), 0)


def row_texts(grid: Grid) -> Iterator[str]:
    """The text of each row, for a table that is too large for a format."""
    rows: dict[int, list[str]] = {}
    for cell in grid.cells:
        rows.setdefault(cell.row, []).append(text_of(cell.element).strip())
    return (" | ".join(texts) for texts in rows.values())
