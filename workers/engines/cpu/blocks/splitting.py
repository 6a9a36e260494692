"""Splits the draft of a region into its headings, columns or tables."""

from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.blocks import heading_parts, lists
from workers.engines.cpu.blocks.emphasis import with_cell_emphasis
from workers.engines.cpu.blocks.tables.filled_cells import filled_cells
from workers.engines.cpu.blocks.tables.writing import has_most_text, write_grid
from workers.engines.cpu.layout.columns import split_into_columns
from workers.engines.cpu.layout.drafts import RUNNING_TEXT, Draft
from workers.engines.cpu.layout.grids.best_grid import best_table
from workers.engines.cpu.layout.grids.rules import Rules
from workers.engines.cpu.layout.key_values import are_key_values
from workers.engines.cpu.layout.rows import group_into_rows, with_drop_cap_joined
from workers.engines.cpu.values import Box, Line, PageContent, Table, bounding_box


def split_draft(draft: Draft, page: PageContent, line_height: float) -> list[Draft]:
    """``draft`` with its table, split into its columns, or split from its heading."""
    if draft.kind == "table":
        return _tables(draft, page)
    if draft.kind == "image":
        return [draft]
    draft = replace(draft, lines=tuple(with_drop_cap_joined(draft.lines)))
    if draft.kind in ("title", "sub_title"):
        parts = heading_parts.split_by_size(draft)
        return [*parts[:-1], *heading_parts.split_running_text(parts[-1])]
    if draft.kind == "text":
        parts = heading_parts.split_leading_heading(draft)
        if len(parts) > 1:
            return [parts[0], *split_draft(parts[1], page, line_height)]
    columns = _columns(draft, line_height) if draft.kind in RUNNING_TEXT else [draft]
    return [_with_exact_kind(column) for column in columns]


def _with_exact_kind(draft: Draft) -> Draft:
    """``draft`` as a list if its text shows that it is one."""
    if draft.kind == "text" and lists.is_bulleted(group_into_rows(draft.lines)):
        return replace(draft, kind="list")
    return draft


def _tables(draft: Draft, page: PageContent) -> list[Draft]:
    """The tables inside ``draft``, or its lines if no grid holds their text."""
    rules = Rules.of(page.rules)
    drafts = []
    for area, found in _areas(draft, page.tables):
        lines = _lines_inside(area, draft) if found is not None else draft.lines
        table = best_table(area, lines, rules, found)
        drafts += [_filled(table, lines)] if table is not None and table.rows else []
    markup = "".join(table.html for table in drafts)
    if drafts and has_most_text(markup, draft.lines):
        return drafts
    return [replace(draft, html="")] if draft.lines else []


def _areas(draft: Draft, tables: Sequence[Table]) -> list[tuple[Box, Table | None]]:
    """The box of each table in ``draft``, with the grid of the table model."""
    inside = [
        table for table in tables if table.rows and table.box.fraction_inside(draft.box) > 0.5
    ]
    if not inside:
        return [(draft.box, None)]
    if len(inside) == 1:
        return [(draft.box, inside[0])]
    return [(table.box, table) for table in inside]


def _filled(table: Table, lines: tuple[Line, ...]) -> Draft:
    cells = with_cell_emphasis(filled_cells(table, lines), lines)
    return Draft("table", table.box, lines, write_grid(cells))


def _lines_inside(box: Box, draft: Draft) -> tuple[Line, ...]:
    return tuple(line for line in draft.lines if line.box.fraction_inside(box) > 0.5)


def _columns(draft: Draft, line_height: float) -> list[Draft]:
    if are_key_values(group_into_rows(draft.lines)):
        return [replace(draft, kind="text", separate_rows=True)]
    columns = split_into_columns(draft.lines, line_height)
    if len(columns) == 1:
        return [draft]
    boxes = [bounding_box(line.box for line in lines) for lines in columns]
    return [
        replace(draft, box=box, lines=tuple(lines))
        for box, lines in zip(boxes, columns, strict=True)
    ]
