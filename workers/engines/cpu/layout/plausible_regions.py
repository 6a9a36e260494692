"""Removes regions that are duplicates or specks, and picture regions that are text."""

from collections.abc import Sequence

from workers.engines.cpu.layout.vertical_text import is_vertical_text
from workers.engines.cpu.values import Box, Line, PageContent, Region

#: A line with at least this many words is a sentence; a shorter one may label a picture.
_SENTENCE_WORDS = 5
#: A picture with fewer sentences than this is a picture.
_FEWEST_SENTENCES = 4
#: A picture region with sentences and this part of its area covered by lines is text.
_COVERED_WITH_SENTENCES = 0.30
#: A picture region with this part of its area covered by any lines is text.
_COVERED = 0.5
#: A picture region with at least so many rows, this part of their text monospaced, is code.
_FEWEST_ROWS_OF_CODE, _LEAST_MONOSPACED = 4, 0.7
#: A picture that takes less than this part of the page is a speck.
_SPECK = 0.002
#: Two regions are the same if each has more than this part of its area in the other.
_SAME = 0.9
#: A region or line is a part of a larger one with more than this part of its area inside.
_PART = 0.5


def plausible_regions(
    regions: Sequence[Region], lines: Sequence[Line], page: PageContent
) -> list[Region]:
    """``regions`` without duplicates, specks, pictures that are text, and text inside text."""
    unique: list[Region] = []
    for region in regions:
        if region.box.area <= 0 or (region.label == "picture" and _is_text(region, lines, page)):
            continue
        if not any(_are_same(region, other) for other in unique):
            unique.append(region)
    return [region for region in unique if not any(_is_inside(region, other) for other in unique)]


def without_misread_regions(
    regions: Sequence[Region], numbers: Sequence[Line], lines: Sequence[Line]
) -> list[Region]:
    """``regions`` without list items that line ``numbers`` caused, and without parts of a text.

    The layout model takes the columns of vertical text for the columns of a table.
    """
    vertical = [line.box for line in lines if is_vertical_text(line)]
    return [
        region
        for region in regions
        if not (region.label == "list-item" and _holds_any(region.box, numbers))
        and not any(region.box.fraction_inside(box) > _PART for box in vertical)
    ]


def _holds_any(box: Box, lines: Sequence[Line]) -> bool:
    return any(line.box.fraction_inside(box) > _PART for line in lines)


def _is_inside(region: Region, other: Region) -> bool:
    """Whether ``region`` is text inside a larger region of text."""
    both_text = region.label == other.label == "text" and region.box.area < other.box.area
    return both_text and region.box.fraction_inside(other.box) > _SAME


def _is_text(region: Region, lines: Sequence[Line], page: PageContent) -> bool:
    """Whether a picture region is text or a speck."""
    if region.box.area < _SPECK * page.width * page.height:
        return True
    inside = [line for line in lines if line.box.fraction_inside(region.box) > 0.5]
    covered = sum(line.box.area for line in inside) / region.box.area
    if covered > _COVERED or _is_listing(inside):
        return True
    sentences = [line for line in inside if len(line.text.split()) >= _SENTENCE_WORDS]
    mostly_sentences = 2 * len(sentences) > len(inside)
    return len(sentences) >= _FEWEST_SENTENCES and (
        covered > _COVERED_WITH_SENTENCES or mostly_sentences
    )


def _is_listing(lines: Sequence[Line]) -> bool:
    """Whether ``lines`` are program code: monospaced, one under the other."""
    if len(lines) < _FEWEST_ROWS_OF_CODE:
        return False
    monospaced = sum(len(line.text) for line in lines if line.monospaced)
    alone = all(
        one.box.overlap_height(other.box) < _PART * one.box.height
        for index, one in enumerate(lines)
        for other in lines[:index]
    )
    return alone and monospaced > _LEAST_MONOSPACED * sum(len(line.text) for line in lines)


def _are_same(region: Region, other: Region) -> bool:
    return (
        region.box.fraction_inside(other.box) > _SAME
        and other.box.fraction_inside(region.box) > _SAME
    )
