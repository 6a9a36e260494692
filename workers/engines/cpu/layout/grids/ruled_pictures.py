"""Finds tables that the layout model took for pictures: rules that enclose cells with words."""

from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.layout.grids.ruled_grid import ruled_grid
from workers.engines.cpu.layout.grids.rules import SAME_LINE, Rules, rules_of_tables
from workers.engines.cpu.ocr.page_ink import Mask
from workers.engines.cpu.values import Box, Line, Region, Table, bounding_box

#: A table has at least so many rows and columns, and words in this part of its cells.
_FEWEST_ROWS, _FEWEST_COLUMNS, _FILLED = 2, 2, 0.6
#: A rule around the picture is at most this far outside, in points.
_OUTSIDE = 14.0
#: A drawing that is larger than its grid by this factor is no table.
_LARGER = 1.6


def with_ruled_tables(
    regions: Sequence[Region], lines: Sequence[Line], mask: Mask, scale: float
) -> tuple[Region, ...]:
    """``regions`` in points, with each picture that is a ruled table as the region of a table.

    ``mask`` is the ink of the page in pixels and ``scale`` is points per pixel.
    """
    return tuple(
        _as_table(region, lines, mask, scale) if region.label == "picture" else region
        for region in regions
    )


def _as_table(region: Region, lines: Sequence[Line], mask: Mask, scale: float) -> Region:
    rules = Rules.of(rules_of_tables([replace(region, label="table")], mask, scale))
    near = _grown(region.box)
    inside = [rule for rule in (*rules.horizontal, *rules.vertical) if _is_in(rule, near)]
    if len(inside) < _FEWEST_ROWS + _FEWEST_COLUMNS:
        return region
    area = bounding_box(inside)
    table = ruled_grid(area, rules)
    if table is None or region.box.area > _LARGER * area.area or not _is_filled(table, lines):
        return region
    return Region("table", bounding_box((area, region.box)))


def _grown(box: Box) -> Box:
    margin = _OUTSIDE + SAME_LINE
    return Box(box.left - margin, box.top - margin, box.right + margin, box.bottom + margin)


def _is_in(rule: Box, area: Box) -> bool:
    return rule.left >= area.left and rule.right <= area.right and (
        rule.top >= area.top and rule.bottom <= area.bottom
    )  # fmt: skip


def _is_filled(table: Table, lines: Sequence[Line]) -> bool:
    """Whether ``table`` has several rows and columns, and words in most of its cells."""
    cells = [cell for row in table.rows for cell in row]
    columns = max((sum(cell.colspan for cell in row) for row in table.rows), default=0)
    if len(table.rows) < _FEWEST_ROWS or columns < _FEWEST_COLUMNS:
        return False
    filled = sum(any(_holds(cell.box, line) for line in lines) for cell in cells)
    return filled >= _FILLED * len(cells)


def _holds(cell: Box, line: Line) -> bool:
    x, y = line.box.center_x, line.box.center_y
    return cell.left <= x <= cell.right and cell.top <= y <= cell.bottom
