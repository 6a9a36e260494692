"""Asks PyMuPDF's layout and table models what lies where on a page."""

import pymupdf
import pymupdf.layout
from pymupdf4llm.helpers.document_layout import get_layout_locked
from pymupdf4llm.helpers.table_html import page_html_tables

from workers.engines.cpu.values import Box, Region, Table

#: A table counts where at least this part of it lies in a region that the layout calls table.
_OVERLAP = 0.5


def find_regions(page: pymupdf.Page) -> tuple[Region, ...]:
    """Regions of ``page``, which must not be rotated, in its points."""
    get_layout_locked(page, return_raw=True)
    groups = page.layout_information or []
    return tuple(Region(str(group["class_name"]), Box(*group["group_bbox"])) for group in groups)


def find_tables(page: pymupdf.Page, regions: tuple[Region, ...]) -> tuple[Table, ...]:
    """Tables inside the table regions of ``page``; call it after ``find_regions``."""
    wanted = [region.box for region in regions if region.label == "table"]
    if not wanted:
        return ()
    kept = page.layout_information
    try:
        found = page_html_tables(page)
    except (RuntimeError, ValueError, IndexError, KeyError, TypeError, ZeroDivisionError):
        # The table code is young and fails on odd grids; the lines are still there.
        return ()
    finally:
        # It replaces what the layout model said.
        page.layout_information = kept
    tables = [Table(Box(*bbox), html) for bbox, html, *_ in found]
    return tuple(t for t in tables if any(t.box.share_in(box) > _OVERLAP for box in wanted))
