"""Runs the layout and table models of PyMuPDF on a page."""

import pymupdf
import pymupdf.layout
from pymupdf4llm.helpers.document_layout import get_layout_locked
from pymupdf4llm.helpers.table_html import page_html_tables

from workers.engines.cpu.values import Box, Region, Table

#: A table counts if more than this part of it lies in a region with the label "table".
_LEAST_OVERLAP = 0.5


def find_regions(page: pymupdf.Page) -> tuple[Region, ...]:
    """The regions of ``page`` in points; its rotation must be 0."""
    get_layout_locked(page, return_raw=True)
    groups = page.layout_information or []
    return tuple(Region(str(group["class_name"]), Box(*group["group_bbox"])) for group in groups)


def find_tables(page: pymupdf.Page, regions: tuple[Region, ...]) -> tuple[Table, ...]:
    """The tables in the table regions of ``page`` in points; call it after ``find_regions``."""
    table_boxes = [region.box for region in regions if region.label == "table"]
    if not table_boxes:
        return ()
    layout = page.layout_information
    try:
        detected = page_html_tables(page)
    except (RuntimeError, ValueError, IndexError, KeyError, TypeError, ZeroDivisionError):
        # The table code raises these on irregular grids; the caller still has the lines.
        return ()
    finally:
        # The table code overwrites the result of the layout model.
        page.layout_information = layout
    tables = [Table(Box(*bbox), html) for bbox, html, *_ in detected]
    return tuple(
        table
        for table in tables
        if any(table.box.fraction_inside(box) > _LEAST_OVERLAP for box in table_boxes)
    )
