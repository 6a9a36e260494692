"""The grid of a table: spans, and what a short text with huge spans may cost."""

import tracemalloc
from xml.etree.ElementTree import fromstring

from shared.document.exports.web.html_tables import MAX_SPANNED, grid_of


def places(text: str) -> list[tuple[int, int, int, int]]:
    """Row, column, height and width of each cell."""
    return [(c.row, c.column, c.height, c.width) for c in grid_of(fromstring(text)).cells]


def test_cells_stand_beside_those_that_reach_down() -> None:
    text = (
        '<table><tr><td rowspan="2" colspan="2"/><td/></tr><tr><td/></tr>'
        '<tr><td/><td colspan="9"/></tr></table>'
    )

    assert places(text) == [(0, 0, 2, 2), (0, 2, 1, 1), (1, 2, 1, 1), (2, 0, 1, 1), (2, 1, 1, 9)]


def test_a_wide_cell_ends_before_one_that_reaches_down() -> None:
    text = '<table><tr><td/><td/><td rowspan="2"/></tr><tr><td colspan="3"/></tr></table>'

    assert places(text)[-1] == (1, 0, 1, 2)


def test_huge_spans_cost_little_memory() -> None:
    """A page of 50 KB asked for two million places, which took 385 MB."""
    cells, rows = '<td rowspan="999"/>' * 2000, "<tr/>" * 999
    table = fromstring(f"<table><tr>{cells}</tr>{rows}</table>")
    tracemalloc.start()
    try:
        grid = grid_of(table)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 60 * 2**20
    assert sum(cell.height for cell in grid.cells if cell.height > 1) <= MAX_SPANNED
    assert len(grid.cells) == 2000
