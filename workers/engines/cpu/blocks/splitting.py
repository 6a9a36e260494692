"""Splits the draft of a region into its headings, columns or tables."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from workers.engines.cpu.blocks import heading_parts, lists
from workers.engines.cpu.blocks.code import has_code_signs, is_code, is_typescript
from workers.engines.cpu.blocks.item_paragraphs import with_paragraphs_apart
from workers.engines.cpu.blocks.table_of_contents import is_table_of_contents
from workers.engines.cpu.blocks.tables.cells import Cell, write_table
from workers.engines.cpu.blocks.tables.filled_cells import filled_cells
from workers.engines.cpu.blocks.tables.writing import has_most_text, write_grid
from workers.engines.cpu.layout.drafts import RUNNING_TEXT, Draft
from workers.engines.cpu.layout.grids.best_grid import best_table
from workers.engines.cpu.layout.grids.rules import Rules
from workers.engines.cpu.layout.rows import Row, group_into_rows, with_drop_cap_joined
from workers.engines.cpu.layout.side_by_side.arrow_rows import are_arrow_rows
from workers.engines.cpu.layout.side_by_side.columns import split_into_columns
from workers.engines.cpu.layout.side_by_side.key_values import are_key_values
from workers.engines.cpu.layout.side_by_side.paired_rows import PairedRow, split_pairs
from workers.engines.cpu.values import Box, Line, PageContent, Table, bounding_box

#: A table has at least so many level rules, if any; code has fewer.
_FEWEST_RULES = 2
#: An upright rule of a table is higher than so many font sizes; a level rule is wider than this
#: part of the table.
_UPRIGHT_RULE, _LEVEL_RULE = 2.0, 0.3
#: Running text has at least so many rows; this part of them is one line, with so many words.
_ROWS_OF_TEXT, _LINES_OF_TEXT, _WORDS_OF_TEXT = 6, 0.75, 7
#: The tags that end in a table of one row besides those of its cells.
_TAGS_AROUND_A_ROW = 2


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
    if draft.kind not in RUNNING_TEXT:
        return [draft]
    return _split_text(draft, page, line_height)


def _split_text(draft: Draft, page: PageContent, line_height: float) -> list[Draft]:
    rows = group_into_rows(draft.lines)
    if is_table_of_contents(rows):
        return [replace(draft, kind="text")]
    if are_arrow_rows(rows):
        return [replace(draft, kind="text", separate_rows=True)]
    if is_code(draft, is_typescript(page.lines)):
        return [draft]
    parts = [part for text in _pairs(draft) for part in _columns(text, line_height)]
    exact = [_with_exact_kind(part) for part in parts]
    return [
        own
        for part in exact
        for own in (with_paragraphs_apart(part) if part.kind == "list" else [part])
    ]


def _pairs(draft: Draft) -> list[Draft]:
    """``draft`` with its rows of terms and meanings as tables between the other rows."""
    if are_key_values(group_into_rows(draft.lines)):
        return [replace(draft, kind="text", separate_rows=True)]
    parts = split_pairs(draft.lines)
    if len(parts) == 1 and isinstance(parts[0][0], Row):
        return [draft]
    drafts = []
    for part in parts:
        lines = tuple(line for row in part for line in row.lines)
        box = bounding_box(line.box for line in lines)
        if isinstance(part[0], Row):
            drafts.append(replace(draft, box=box, lines=lines))
        else:
            drafts.append(Draft("table", box, lines, write_table(list(map(_pair_cells, part)))))
    return drafts


def _pair_cells(row: PairedRow) -> list[Cell]:
    return [_pair_cell(row.term), _pair_cell(row.meaning)]


def _pair_cell(lines: Sequence[Line]) -> Cell:
    return Cell("td", tuple(row.rich_text for row in group_into_rows(lines)))


def without_text_tables(drafts: Sequence[Draft], page: PageContent) -> list[Draft]:
    """``drafts`` with tables that are running text as text."""
    rules = Rules.of(page.rules)
    return [
        replace(draft, kind="text")
        if draft.kind == "table" and not _is_ruled(draft, rules) and _is_running_text(draft)
        else draft
        for draft in drafts
    ]


def _is_running_text(draft: Draft) -> bool:
    """Whether most rows of ``draft`` are one line with many words."""
    rows = group_into_rows(draft.lines)
    lines = [row for row in rows if len(row.lines) == 1]
    words = [len(row.text.split()) for row in lines]
    return len(lines) >= max(_ROWS_OF_TEXT, _LINES_OF_TEXT * len(rows)) and (
        median(words) >= _WORDS_OF_TEXT
    )


def _is_ruled(draft: Draft, rules: Rules) -> bool:
    inside = rules.inside(draft.box)
    # Shorter rules are strokes of letters.
    upright = [rule for rule in inside.vertical if rule.height > _UPRIGHT_RULE * draft.size]
    level = [rule for rule in inside.horizontal if rule.width > _LEVEL_RULE * draft.box.width]
    return bool(upright) or len(level) >= _FEWEST_RULES


def _with_exact_kind(draft: Draft) -> Draft:
    """``draft`` as a list if its text shows that it is one, or as text if it is a definition."""
    if draft.kind == "list" and lists.is_definition(group_into_rows(draft.lines)):
        return replace(draft, kind="text")
    if draft.kind == "text" and lists.is_bulleted(group_into_rows(draft.lines)):
        return replace(draft, kind="list")
    return draft


def _tables(draft: Draft, page: PageContent) -> list[Draft]:
    """The tables inside ``draft``, or its lines if no grid holds their text."""
    rules = Rules.of(page.rules)
    if _is_listing(draft, rules, page):
        return [replace(draft, kind="text")]
    drafts = []
    for area, found in _areas(draft, page.tables):
        lines = _lines_inside(area, draft) if found is not None else draft.lines
        table = best_table(area, lines, rules, found)
        drafts += [_filled(table, lines)] if table is not None and table.rows else []
    rows = group_into_rows(draft.lines)
    cells = sum(table.html.count("</t") - _TAGS_AROUND_A_ROW for table in drafts)
    has_one_cell = cells == 1 or (not drafts and len(rows) == 1)
    if has_one_cell and all(len(row.lines) == 1 for row in rows):
        return [replace(draft, kind="text")] if draft.lines else []
    markup = "".join(table.html for table in drafts)
    if drafts and has_most_text(markup, draft.lines):
        return drafts
    return [replace(draft, html="")] if draft.lines else []


def _is_listing(draft: Draft, rules: Rules, page: PageContent) -> bool:
    """Whether the layout model takes a listing for a table: code without rules around its rows."""
    if _is_ruled(draft, rules) or is_typescript(page.lines) or not is_code(draft):
        return False
    return has_code_signs(draft) or len(group_into_rows(draft.lines)) == 1


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
    return Draft("table", table.box, lines, write_grid(filled_cells(table, lines)))


def _lines_inside(box: Box, draft: Draft) -> tuple[Line, ...]:
    return tuple(line for line in draft.lines if line.box.fraction_inside(box) > 0.5)


def _columns(draft: Draft, line_height: float) -> list[Draft]:
    if draft.kind == "table" or draft.separate_rows:
        return [draft]
    columns = split_into_columns(draft.lines, line_height)
    if len(columns) == 1:
        return [draft]
    boxes = [bounding_box(line.box for line in lines) for lines in columns]
    return [
        replace(draft, box=box, lines=tuple(lines))
        for box, lines in zip(boxes, columns, strict=True)
    ]
