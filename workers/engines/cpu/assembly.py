"""Turns lines, regions and tables of a page into blocks-to-be, in the order of reading."""

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.records import BlockType
from workers.engines.cpu.blocks import headings, lists
from workers.engines.cpu.blocks.code import is_code
from workers.engines.cpu.blocks.tables import holds, tidy
from workers.engines.cpu.layout import floating, furniture, pictures
from workers.engines.cpu.layout.columns import columns_of
from workers.engines.cpu.layout.draft_order import in_order
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import median_height, rows_of, with_drop_cap
from workers.engines.cpu.ocr import stray_cjk
from workers.engines.cpu.ocr.stray_accents import without_stray_accents
from workers.engines.cpu.values import Box, Line, PageContent, Region, Table, bounding

KINDS: dict[str, BlockType] = {
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
#: A line belongs to the smallest region that covers this part of it.
_COVERED = 0.45
#: Kinds that may hold several columns by mistake.
_FLOWING: frozenset[BlockType] = frozenset({"text", "list", "footnote"})


def assemble(content: PageContent) -> list[Draft]:
    """All blocks of the page; nothing that was read is left out but text inside pictures."""
    lines = without_stray_accents(stray_cjk.without_stray_ideographs(content.lines))
    unit = median_height(lines)
    regions = pictures.plausible(content.regions, lines, content)
    drafts = _claimed(regions, lines)
    drafts += floating.grouped(_unclaimed(regions, lines), unit)
    drafts = [part for draft in drafts for part in _settled(draft, content.tables, unit)]
    drafts = furniture.settle(drafts, content)
    drafts = headings.settle_headings([d for d in drafts if not _is_dirt(d)], content.height)
    drafts = floating.with_captions_named(drafts)
    ordered = furniture.headers_first(in_order(drafts, unit))
    return headings.with_numbers_joined(lists.with_tails_joined(ordered, unit))


def _is_dirt(draft: Draft) -> bool:
    """A dot, a dash or a lone mark that says nothing."""
    return draft.kind in _FLOWING and not any(character.isalnum() for character in draft.text)


def _claimed(regions: Sequence[Region], lines: Sequence[Line]) -> list[Draft]:
    owned: dict[int, list[Line]] = {place: [] for place in range(len(regions))}
    for line in lines:
        place = _owner(line, regions)
        if place is not None:
            owned[place].append(line)
    return [
        Draft(KINDS.get(region.label, "text"), region.box, tuple(owned[place]))
        for place, region in enumerate(regions)
        if owned[place] or region.label in ("picture", "table")
    ]


def _unclaimed(regions: Sequence[Region], lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if _owner(line, regions) is None]


def _owner(line: Line, regions: Sequence[Region]) -> int | None:
    over = [i for i, r in enumerate(regions) if line.box.share_in(r.box) > _COVERED]
    return min(over, key=lambda i: regions[i].box.area, default=None)


def _settled(draft: Draft, tables: Sequence[Table], unit: float) -> list[Draft]:
    """``draft`` as it is, parted into its columns, or with its table filled in."""
    if draft.kind == "table":
        return _tables(draft, tables)
    if draft.kind == "image":
        return [draft]
    draft = replace(draft, lines=tuple(with_drop_cap(draft.lines)))
    if draft.kind in ("title", "sub_title"):
        return headings.parted_by_size(draft)
    if draft.kind == "text":
        headed = headings.with_leading_heading(draft)
        if len(headed) > 1:
            return [headed[0], *_settled(headed[1], tables, unit)]
    parts = _columns(draft, unit) if draft.kind in _FLOWING else [draft]
    return [_named(part) for part in parts]


def _named(draft: Draft) -> Draft:
    if draft.kind in _FLOWING and is_code(draft):
        return replace(draft, kind="code")
    if draft.kind == "text" and lists.has_bullets(rows_of(draft.lines)):
        return replace(draft, kind="list")
    return draft


def _tables(draft: Draft, tables: Sequence[Table]) -> list[Draft]:
    inside = [table for table in tables if table.box.share_in(draft.box) > 0.5]
    found = [
        Draft("table", table.box, _under(table.box, draft), tidy(table.html)) for table in inside
    ]
    markup = "".join(table.html for table in found)
    if found and holds(markup, draft.lines):
        return found
    return [replace(draft, html="")] if draft.lines else []


def _under(box: Box, draft: Draft) -> tuple[Line, ...]:
    return tuple(line for line in draft.lines if line.box.share_in(box) > 0.5)


def _columns(draft: Draft, unit: float) -> list[Draft]:
    parts = columns_of(draft.lines, unit)
    if len(parts) == 1:
        return [draft]
    boxes = [bounding(line.box for line in part) for part in parts]
    pairs = zip(boxes, parts, strict=True)
    return [replace(draft, box=box, lines=tuple(part)) for box, part in pairs]
