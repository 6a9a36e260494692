"""Adds embedded pictures and drawings of a PDF page that the layout model missed."""

from collections.abc import Sequence

import pymupdf

from workers.engines.cpu.values import Box, Line, Region, bounding_box

#: A picture takes between these parts of the page; a smaller one is a mark, a larger one a
#: background.
_SMALLEST, _LARGEST = 0.01, 0.6
#: A picture is already known if regions cover more than this part of it.
_COVERED = 0.3
#: A picture with text over this part of it or more is a background.
_BACKGROUND = 0.25
#: A picture region with more than this part inside an added picture is a part of it.
_PART_OF_PICTURE = 0.8
#: Further pictures of a page are ignored: comparing them all takes too long.
_MOST_PICTURES = 500
#: Fewer outlines, or fewer curved outlines in a group, are only rules and frames.
_FEWEST_OUTLINES = 4
#: A page with more outlines is not searched for drawings: grouping them takes too long.
_MOST_OUTLINES = 3000


def with_embedded_pictures(
    page: pymupdf.Page, regions: Sequence[Region], lines: Sequence[Line]
) -> tuple[Region, ...]:
    """``regions`` and the pictures of ``page`` that no region covers, all in points.

    Touching strips are merged into one picture. Picture regions inside an added picture are
    dropped.
    """
    area = page.rect.get_area()
    infos = page.get_image_info()[:_MOST_PICTURES]
    embedded = [Box(*(pymupdf.Rect(info["bbox"]) & page.rect)) for info in infos]
    missed = [
        box
        for box in [*_merge_touching([box for box in embedded if box.area > 0]), *_drawings(page)]
        if _SMALLEST * area < box.area < _LARGEST * area
        and not _is_covered(box, regions)
        and sum(line.box.overlap_area(box) for line in lines) < _BACKGROUND * box.area
    ]
    others = [region for region in regions if not _is_part(region, missed)]
    return (*others, *(Region("picture", box) for box in missed))


def _drawings(page: pymupdf.Page) -> list[Box]:
    """Boxes of groups of outlines that are more than rules and frames."""
    outlines = page.get_drawings()
    if not _FEWEST_OUTLINES <= len(outlines) <= _MOST_OUTLINES:
        return []
    curved = [
        outline for outline in outlines if any(item[0] in ("c", "qu") for item in outline["items"])
    ]
    groups = page.cluster_drawings(drawings=outlines)
    return [
        Box(*(group & page.rect))
        for group in groups
        if sum(pymupdf.Rect(outline["rect"]) in group for outline in curved) >= _FEWEST_OUTLINES
    ]


def _merge_touching(boxes: list[Box]) -> list[Box]:
    merged: list[Box] = []
    for box in sorted(boxes, key=lambda box: (box.top, box.left)):
        touching = [other for other in merged if _touch(box, other)]
        merged = [other for other in merged if other not in touching]
        merged.append(bounding_box([box, *touching]))
    return merged


def _touch(one: Box, other: Box) -> bool:
    """Whether two boxes overlap or are less than one point apart."""
    return one.overlap_width(other) > -1 and one.overlap_height(other) > -1


def _is_covered(box: Box, regions: Sequence[Region]) -> bool:
    return sum(box.overlap_area(region.box) for region in regions) > _COVERED * box.area


def _is_part(region: Region, pictures: Sequence[Box]) -> bool:
    return region.label == "picture" and any(
        region.box.fraction_inside(picture) > _PART_OF_PICTURE for picture in pictures
    )
