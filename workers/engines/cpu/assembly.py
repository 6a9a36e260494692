"""Turns the lines, regions and tables of a page into drafts in reading order."""

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.records import BlockType
from workers.engines.cpu.blocks import heading_parts, headings, lists
from workers.engines.cpu.blocks.code import is_code, split_code
from workers.engines.cpu.blocks.filled_cells import filled_cells
from workers.engines.cpu.blocks.tables import has_most_text, write_grid
from workers.engines.cpu.layout.block_order import in_reading_order
from workers.engines.cpu.layout.captions import with_table_captions
from workers.engines.cpu.layout.columns import split_into_columns
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.furniture import classify_furniture, headers_first
from workers.engines.cpu.layout.key_values import are_key_values, join_key_values
from workers.engines.cpu.layout.line_numbers import split_line_numbers
from workers.engines.cpu.layout.plausible_regions import plausible_regions, without_misread_regions
from workers.engines.cpu.layout.rows import (
    group_into_rows,
    median_height,
    with_drop_cap_joined,
    with_letter_bullets,
)
from workers.engines.cpu.layout.unassigned_lines import group_lines
from workers.engines.cpu.layout.vertical_text import with_vertical_text_joined
from workers.engines.cpu.ocr.stray_accents import without_stray_accents
from workers.engines.cpu.ocr.stray_cjk import without_stray_ideographs
from workers.engines.cpu.values import Box, Line, PageContent, Region, Table, bounding_box

#: The block type for each label of the layout model; other labels become text.
_BLOCK_TYPES: dict[str, BlockType] = {
    "title": "title",
    "section-header": "sub_title",
    "text": "text",
    "list-item": "list",
    "table": "table",
    "picture": "image",
    "caption": "image_caption",
    "formula": "equation",
    "footnote": "footnote",
    "page-header": "header",
    "page-footer": "footer",
}
#: A line belongs to the smallest region with more than this part of the line's area.
_LEAST_INSIDE = 0.45
#: Types that hold running text, so that several columns may be merged in one block.
_RUNNING_TEXT: frozenset[BlockType] = frozenset({"text", "list", "footnote"})


#: More than this part of the characters in a monospaced font: the page was set like a typescript.
_TYPESCRIPT = 0.6


def assemble(content: PageContent) -> list[Draft]:
    """All drafts of the page in reading order.

    They hold all lines of ``content`` except lone marks and text inside pictures.
    """
    stamps = [line for line in content.lines if line.slanted]
    read = [line for line in content.lines if not line.slanted]
    read = without_stray_accents(without_stray_ideographs(read))
    lines, numbers = split_line_numbers(with_letter_bullets(with_vertical_text_joined(read)))
    line_height = median_height(lines)
    regions = without_misread_regions(content.regions, numbers, lines)
    regions = plausible_regions(regions, lines, content)
    drafts = _drafts_of_regions(regions, lines)
    drafts += group_lines(_lines_outside(regions, lines), line_height)
    drafts = [part for draft in drafts for part in _refine(draft, content.tables, line_height)]
    drafts = _with_code(drafts)
    drafts = classify_furniture(join_key_values(drafts), content)
    drafts = [draft for draft in drafts if not _is_lone_mark(draft)]
    drafts = with_table_captions(headings.classify_headings(drafts, content.height))
    drafts += [Draft("header", line.box, (line,)) for line in stamps]
    if numbers:
        drafts.append(Draft("header", bounding_box(n.box for n in numbers), tuple(numbers)))
    drafts = headers_first(in_reading_order(drafts, line_height))
    drafts = lists.join_continued_items(drafts, line_height)
    return heading_parts.join_chapter_numbers(drafts)


def _is_lone_mark(draft: Draft) -> bool:
    """Whether ``draft`` has no letter or digit: a dot, a dash or dirt."""
    return draft.kind in _RUNNING_TEXT and not any(map(str.isalnum, draft.text))


def _drafts_of_regions(regions: Sequence[Region], lines: Sequence[Line]) -> list[Draft]:
    """A draft for each region with its lines; regions without lines count only as pictures."""
    members: dict[int, list[Line]] = {index: [] for index in range(len(regions))}
    for line in lines:
        index = _region_of(line, regions)
        if index is not None:
            members[index].append(line)
    return [
        Draft(_BLOCK_TYPES.get(region.label, "text"), region.box, tuple(members[index]))
        for index, region in enumerate(regions)
        if members[index] or region.label in ("picture", "table")
    ]


def _lines_outside(regions: Sequence[Region], lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if _region_of(line, regions) is None]


def _region_of(line: Line, regions: Sequence[Region]) -> int | None:
    """Index of the smallest region that holds ``line``; None if no region does."""
    around = [
        index
        for index, region in enumerate(regions)
        if line.box.fraction_inside(region.box) > _LEAST_INSIDE
    ]
    return min(around, key=lambda index: regions[index].box.area, default=None)


def _refine(draft: Draft, tables: Sequence[Table], line_height: float) -> list[Draft]:
    """``draft`` with its table, split into its columns, or split from its heading."""
    if draft.kind == "table":
        return _tables(draft, tables)
    if draft.kind == "image":
        return [draft]
    draft = replace(draft, lines=tuple(with_drop_cap_joined(draft.lines)))
    if draft.kind in ("title", "sub_title"):
        return heading_parts.split_by_size(draft)
    if draft.kind == "text":
        parts = heading_parts.split_leading_heading(draft)
        if len(parts) > 1:
            return [parts[0], *_refine(parts[1], tables, line_height)]
    columns = _columns(draft, line_height) if draft.kind in _RUNNING_TEXT else [draft]
    return [_with_exact_kind(column) for column in columns]


def _with_code(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` with program code apart from other text."""
    lines = [line for draft in drafts for line in draft.lines]
    monospaced = sum(len(line.text) for line in lines if line.monospaced)
    in_typescript = monospaced > _TYPESCRIPT * sum(len(line.text) for line in lines)
    result = []
    for draft in drafts:
        parts = split_code(draft) if draft.kind in _RUNNING_TEXT else [draft]
        for part in parts:
            is_program = part.kind in _RUNNING_TEXT and is_code(part, in_typescript)
            result.append(_as_code(part) if is_program else part)
    return result


def _as_code(draft: Draft) -> Draft:
    """``draft`` as code; its box shows the indentation, also over pages."""
    return replace(draft, kind="code", box=bounding_box(line.box for line in draft.lines))


def _with_exact_kind(draft: Draft) -> Draft:
    """``draft`` as a list if its text shows that it is one."""
    if draft.kind == "text" and lists.is_bulleted(group_into_rows(draft.lines)):
        return replace(draft, kind="list")
    return draft


def _tables(draft: Draft, tables: Sequence[Table]) -> list[Draft]:
    """The tables of the table model inside ``draft``, or its lines if the model lost text."""
    inside = [
        table for table in tables if table.rows and table.box.fraction_inside(draft.box) > 0.5
    ]
    drafts = [_filled(table, _lines_inside(table.box, draft)) for table in inside]
    markup = "".join(table.html for table in drafts)
    if drafts and has_most_text(markup, draft.lines):
        return drafts
    return [replace(draft, html="")] if draft.lines else []


def _filled(table: Table, lines: tuple[Line, ...]) -> Draft:
    return Draft("table", table.box, lines, write_grid(filled_cells(table, lines)))


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
