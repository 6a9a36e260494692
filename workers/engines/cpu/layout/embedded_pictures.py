"""Adds embedded pictures and drawings of a PDF page that the layout model missed."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

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
#: Fewer outlines, or fewer curves and slanted lines in a group, are only rules and frames.
_FEWEST_OUTLINES = 4
#: A page with more outlines is not searched for drawings: grouping them takes too long.
_MOST_OUTLINES = 3000
#: A line is straight if it rises or falls by at most this, in points.
_STRAIGHT = 1.0
#: The bars of a chart are at least this thick, in points, and so many; two may be equal.
_THINNEST_BAR, _FEWEST_BARS = 3.0, 3


def with_embedded_pictures(
    page: pymupdf.Page, regions: Sequence[Region], lines: Sequence[Line]
) -> tuple[Region, ...]:
    """``regions`` and the pictures of ``page`` that no region covers, all in points.

    Touching strips are merged into one picture. Picture regions inside an added picture are
    dropped.
    """
    uncovered = [
        *(box for box in _images(page) if not _is_covered(box, regions)),
        *(box for box in _drawings(page) if not _is_covered(box, _pictures(regions))),
    ]
    area = page.rect.get_area()
    missed = [
        box
        for box in uncovered
        if _SMALLEST * area < box.area < _LARGEST * area and not _is_background(box, lines)
    ]
    others = [region for region in regions if not _is_part(region, missed)]
    return (*others, *(Region("picture", box) for box in missed))


def _images(page: pymupdf.Page) -> list[Box]:
    """Boxes of the embedded images; touching ones are one box."""
    infos = page.get_image_info()[:_MOST_PICTURES]
    boxes = [Box(*(pymupdf.Rect(info["bbox"]) & page.rect)) for info in infos]
    return _merge_touching([box for box in boxes if box.area > 0])


def _is_background(box: Box, lines: Sequence[Line]) -> bool:
    return sum(line.box.overlap_area(box) for line in lines) >= _BACKGROUND * box.area


def _drawings(page: pymupdf.Page) -> list[Box]:
    """Boxes of groups of outlines that are more than rules and frames."""
    outlines = page.get_drawings()
    if not _FEWEST_OUTLINES <= len(outlines) <= _MOST_OUTLINES:
        return []
    boxes = []
    for group in page.cluster_drawings(drawings=outlines):
        inside = [outline for outline in outlines if pymupdf.Rect(outline["rect"]) in group]
        if sum(map(_drawn_lines, inside)) >= _FEWEST_OUTLINES or _has_bars(inside):
            boxes.append(Box(*(group & page.rect)))
    return boxes


def _pictures(regions: Sequence[Region]) -> list[Region]:
    """The layout model may take a chart for a part of the table above it."""
    return [region for region in regions if region.label == "picture"]


def _drawn_lines(outline: dict[str, Any]) -> int:
    """The number of curves and slanted lines: rules and frames have none."""
    return sum(
        item[0] in ("c", "qu") or (item[0] == "l" and _is_slanted(item[1], item[2]))
        for item in outline["items"]
    )


def _is_slanted(start: pymupdf.Point, end: pymupdf.Point) -> bool:
    return bool(abs(start.x - end.x) > _STRAIGHT and abs(start.y - end.y) > _STRAIGHT)


def _has_bars(outlines: Sequence[dict[str, Any]]) -> bool:
    """Whether filled boxes stand on one line with different heights, or lie beside one."""
    boxes = [
        pymupdf.Rect(outline["rect"])
        for outline in outlines
        if "f" in outline["type"] and [item[0] for item in outline["items"]] == ["re"]
    ]
    thick = [box for box in boxes if min(box.width, box.height) > _THINNEST_BAR]
    standing = [(round(box.y1), round(box.height)) for box in thick]
    lying = [(round(box.x0), round(box.width)) for box in thick]
    return _are_bars(standing) or _are_bars(lying)


def _are_bars(ends: Sequence[tuple[int, int]]) -> bool:
    """``ends``: where each box begins and how long it is; at most two bars are equally long."""
    if not ends:
        return False
    [(axis, _)] = Counter(start for start, _ in ends).most_common(1)
    lengths = [length for start, length in ends if start == axis]
    return len(lengths) >= _FEWEST_BARS and len(set(lengths)) >= _FEWEST_BARS - 1


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
