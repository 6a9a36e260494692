"""Makes the tables of Word documents.

python-docx merges cells one by one and by recursion, which fails at a span of a thousand rows, and
holds every place of the grid; here a cell with spans costs one element in each row that it covers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Emu

from shared.document.exports.web.html_tables import Grid, GridCell

#: A larger table is written as lines of text, because Word files hold every cell.
MAX_CELLS = 20_000
#: The cells of all tables of one document; further tables are written as lines of text.
MAX_CELLS_OF_DOCUMENT = 400_000
#: Word opens no table with more.
MAX_COLUMNS = 63
_STYLE = '<w:tblStyle w:val="TableGrid"/><w:tblW w:type="auto" w:w="0"/>'
_LOOK = (
    '<w:tblLook w:firstColumn="1" w:firstRow="1" w:lastColumn="0" w:lastRow="0" '
    'w:noHBand="0" w:noVBand="1" w:val="04A0"/>'
)


@dataclass
class TableRoom:
    """The cells that the tables of a document may still have."""

    left: int = MAX_CELLS_OF_DOCUMENT

    def take(self, grid: Grid) -> bool:
        """Whether ``grid`` is to be a table; it then counts."""
        cells = max(grid.rows, sum(cell.height for cell in grid.cells))
        fits = cells <= min(MAX_CELLS, self.left) and grid.columns <= MAX_COLUMNS
        self.left -= cells if fits else 0
        return fits


@dataclass(frozen=True, slots=True)
class _Part:
    """A cell in one row; ``cell`` is None where another row has its text, or where none is."""

    column: int
    width: int
    merge: str = ""
    cell: GridCell | None = None


def fill_table(
    grid: Grid, width: int, append: Callable[[Any], None]
) -> Iterator[tuple[GridCell, Any]]:
    """Append a table with borders; yields each cell and its element, in the order of the rows."""
    parts = _rows_of(grid)
    each = Emu(width // grid.columns).twips
    rows = "".join(f"<w:tr>{''.join(_xml(part, each) for part in row)}</w:tr>" for row in parts)
    columns = f'<w:gridCol w:w="{each}"/>' * grid.columns
    table: Any = parse_xml(
        f"<w:tbl {nsdecls('w')}><w:tblPr>{_STYLE}{_LOOK}</w:tblPr>"
        f"<w:tblGrid>{columns}</w:tblGrid>{rows}</w:tbl>"
    )
    append(table)
    for row, row_parts in zip(table.tr_lst, parts, strict=True):
        for element, part in zip(row.tc_lst, row_parts, strict=True):
            if part.cell is not None:
                yield part.cell, element


def _rows_of(grid: Grid) -> list[list[_Part]]:
    """The parts of each row from left to right; they cover every column."""
    rows: list[list[_Part]] = [[] for _ in range(grid.rows)]
    for cell in grid.cells:
        merge = "restart" if cell.height > 1 else ""
        rows[cell.row].append(_Part(cell.column, cell.width, merge, cell))
        for below in range(cell.row + 1, cell.row + cell.height):
            rows[below].append(_Part(cell.column, cell.width, "continue"))
    return [list(_without_gaps(row, grid.columns)) for row in rows]


def _without_gaps(row: list[_Part], columns: int) -> Iterator[_Part]:
    end = 0
    for part in sorted(row, key=lambda part: part.column):
        if part.column > end:
            yield _Part(end, part.column - end)
        yield part
        end = part.column + part.width
    if end < columns:
        yield _Part(end, columns - end)


def _xml(part: _Part, width: int) -> str:
    span = f'<w:gridSpan w:val="{part.width}"/>' if part.width > 1 else ""
    merge = f'<w:vMerge w:val="{part.merge}"/>' if part.merge else ""
    size = f'<w:tcW w:type="dxa" w:w="{part.width * width}"/>'
    return f"<w:tc><w:tcPr>{size}{span}{merge}</w:tcPr><w:p/></w:tc>"
