"""Places the cells of a table of the tree on a grid."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

#: A table with more columns is cut into cells of one column each.
MAX_COLUMNS = 200
MAX_ROWS_OF_SPAN = 1000


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
    taken: set[tuple[int, int]] = set()
    cells: list[GridCell] = []
    for number, row in enumerate(rows):
        column = 0
        for element in row:
            if element.tag not in ("td", "th"):
                continue
            while (number, column) in taken:
                column += 1
            cell = _placed(element, number, column, len(rows), taken)
            cells.append(cell)
            taken |= _places(cell)
            column += cell.width
    columns = max((cell.column + cell.width for cell in cells), default=0)
    return Grid(len(rows), columns, tuple(cells))


def _rows(table: Element) -> list[Element]:
    rows: list[Element] = []
    for child in table:
        if child.tag == "tr":
            rows.append(child)
        elif child.tag in ("thead", "tbody"):
            rows += [row for row in child if row.tag == "tr"]
    return rows


def _placed(
    element: Element, row: int, column: int, rows: int, taken: set[tuple[int, int]]
) -> GridCell:
    """The cell with the largest allowed size that covers no other cell."""
    width = min(_size(element, "colspan"), max(1, MAX_COLUMNS - column))
    height = min(_size(element, "rowspan"), rows - row, MAX_ROWS_OF_SPAN)
    while width > 1 and any((row, at) in taken for at in range(column, column + width)):
        width -= 1
    cell = GridCell(element, row, column, height, width)
    return cell if not _places(cell) & taken else GridCell(element, row, column, 1, width)


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
