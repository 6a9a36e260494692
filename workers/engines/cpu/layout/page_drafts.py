"""Turns the lines and regions of a page into drafts whose kind is that of their region."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.domain.records.page_result import BlockType
from workers.engines.cpu.characters import is_cjk
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.plausible_regions import plausible_regions, without_misread_regions
from workers.engines.cpu.layout.rows import median_height, with_letter_bullets
from workers.engines.cpu.layout.side_by_side.line_numbers import split_line_numbers
from workers.engines.cpu.layout.side_by_side.listing_numbers import with_numbers_apart
from workers.engines.cpu.layout.side_by_side.margin_notes import note_drafts, split_margin_notes
from workers.engines.cpu.layout.unassigned_lines import group_lines
from workers.engines.cpu.layout.vertical_text import with_vertical_text_joined
from workers.engines.cpu.values import Box, Line, PageContent, Region, bounding_box

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
#: A line at the edge of the page lies in this part of its width, is more than so many times as high
#: as wide, and has at least so many letters; letters below each other are other lines.
_EDGE, _RUNS_UP, _SHORTEST_STAMP = 0.1, 4.0, 8


@dataclass(frozen=True)
class PageDrafts:
    """The drafts of a page, in no order."""

    drafts: tuple[Draft, ...]
    #: Stamps and line numbers, which belong to no other draft.
    aside: tuple[Draft, ...]
    #: Notes in the margins.
    notes: tuple[Draft, ...]
    line_height: float


def page_drafts(content: PageContent) -> PageDrafts:
    """The drafts that hold all lines of ``content``."""
    stamps = [line for line in content.lines if _is_stamp(line, content)]
    read = [line for line in content.lines if not _is_stamp(line, content)]
    lines, numbers = split_line_numbers(with_letter_bullets(with_vertical_text_joined(read)))
    lines, notes = split_margin_notes(lines)
    lines = with_numbers_apart(lines)
    regions = without_misread_regions(content.regions, numbers, lines)
    regions = plausible_regions(regions, lines, content)
    line_height = median_height(lines)
    regions = [_around_own(region, (*stamps, *notes), lines) for region in regions]
    outside = group_lines(_lines_outside(regions, lines), line_height)
    drafts = (*_drafts_of_regions(regions, lines), *outside)
    aside = (*_stamps(stamps), *_line_numbers(numbers))
    return PageDrafts(drafts, aside, tuple(note_drafts(notes, line_height)), line_height)


def _is_stamp(line: Line, content: PageContent) -> bool:
    """Whether ``line`` is slanted, or runs up or down the left or right edge of the page."""
    box = line.box
    at_edge = box.right < _EDGE * content.width or box.left > (1 - _EDGE) * content.width
    runs_up = box.height > _RUNS_UP * box.width and len(line.text) >= _SHORTEST_STAMP
    return line.slanted or (at_edge and runs_up and not all(map(is_cjk, line.text)))


def _around_own(region: Region, others: Sequence[Line], lines: Sequence[Line]) -> Region:
    """``region`` around its own lines alone, where the layout model drew it around others too.

    Such a list item is text: the model took the note beside it for its label.
    """
    if not any(other.box.fraction_inside(region.box) > _LEAST_INSIDE for other in others):
        return region
    own = [line.box for line in lines if line.box.fraction_inside(region.box) > _LEAST_INSIDE]
    if not own:
        return region
    label = "text" if region.label == "list-item" else region.label
    return replace(region, label=label, box=bounding_box(own))


def _stamps(lines: Sequence[Line]) -> list[Draft]:
    return [Draft("header", line.box, (line,)) for line in lines]


def _line_numbers(numbers: Sequence[Line]) -> list[Draft]:
    if not numbers:
        return []
    return [Draft("header", bounding_box(number.box for number in numbers), tuple(numbers))]


def _drafts_of_regions(regions: Sequence[Region], lines: Sequence[Line]) -> list[Draft]:
    """A draft for each region with its lines; regions without lines count only as pictures."""
    members: dict[int, list[Line]] = {index: [] for index in range(len(regions))}
    for line in lines:
        index = _region_of(line, regions)
        if index is not None:
            members[index].append(line)
    return [
        Draft(_BLOCK_TYPES.get(region.label, "text"), _box(region, own, lines), tuple(own))
        for index, region in enumerate(regions)
        if (own := members[index]) or region.label in ("picture", "table")
    ]


def _box(region: Region, own: Sequence[Line], lines: Sequence[Line]) -> Box:
    """The box of ``region``; around its ``own`` lines for a table that covers those of others."""
    if region.label != "table" or not own:
        return region.box
    inside = sum(line.box.fraction_inside(region.box) > _LEAST_INSIDE for line in lines)
    return region.box if inside <= len(own) else bounding_box(line.box for line in own)


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
