"""Runs the layout and table models of PyMuPDF on a page."""

from collections.abc import Sequence
from typing import Any

import pymupdf
import pymupdf.layout
from pymupdf4llm.helpers.document_layout import get_layout_locked

from workers.engines.cpu.values import Box, GridCell, Region, Table, bounding_box

#: A table counts if more than this part of it lies in a region with the label "table".
_LEAST_OVERLAP = 0.5


def find_regions(page: pymupdf.Page) -> tuple[Region, ...]:
    """The regions of ``page`` in points; its rotation must be 0."""
    get_layout_locked(page, return_raw=True)
    groups = page.layout_information or []
    return tuple(Region(str(group["class_name"]), Box(*group["group_bbox"])) for group in groups)


def find_tables(page: pymupdf.Page, regions: tuple[Region, ...]) -> tuple[Table, ...]:
    """The grids in the table regions of ``page`` in points; call it after ``find_regions``.

    The text of their cells is the raw text layer, so the caller fills a page that has judged
    characters anew.
    """
    table_boxes = [region.box for region in regions if region.label == "table"]
    if not table_boxes:
        return ()
    layout = page.layout_information
    try:
        detected = page.find_tables(use_layout=True, union=True, refine=True).tables
        tables = [_table(found) for found in detected]
    except (RuntimeError, ValueError, IndexError, KeyError, TypeError, ZeroDivisionError):
        # The table code raises these on irregular grids; the caller still has the lines.
        return ()
    finally:
        # The table code overwrites the result of the layout model.
        page.layout_information = layout
    return tuple(
        table
        for table in tables
        if any(table.box.fraction_inside(box) > _LEAST_OVERLAP for box in table_boxes)
    )


def _table(found: Any) -> Table:
    """The grid of a table of PyMuPDF; a row that labels a section is one wide cell."""
    rows = tuple(
        _section_row(row) if index in found.section_rows else tuple(map(_cell, row))
        for index, row in enumerate(found.placements or ())
    )
    return Table(Box(*found.bbox), tuple(row for row in rows if row))


def _cell(cell: Any) -> GridCell:
    box = Box(*cell.bbox) if cell.bbox is not None else Box(0.0, 0.0, 0.0, 0.0)
    return GridCell(box, cell.tag, cell.text or "", cell.colspan, cell.rowspan)


def _section_row(row: Sequence[Any]) -> tuple[GridCell, ...]:
    """``row`` as one wide cell if only one of its cells has text."""
    cells = tuple(map(_cell, row))
    labels = [cell.text for cell in cells if cell.text.strip()]
    if len(labels) != 1 or len(cells) < 2:
        return cells
    return (GridCell(bounding_box(cell.box for cell in cells), "th", labels[0], len(cells)),)
