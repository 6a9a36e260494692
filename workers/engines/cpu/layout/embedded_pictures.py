"""Adds pictures that a PDF page embeds and that the layout model passed over."""

from collections.abc import Sequence

import pymupdf

from workers.engines.cpu.values import Box, Line, Region, bounding

#: Smallest and largest part of the page that a picture of its own takes.
_SMALLEST, _LARGEST = 0.01, 0.6
#: A picture is known already where regions cover this part of it.
_KNOWN = 0.3
#: Text over this part of a picture makes it a background.
_BACKGROUND = 0.25
_MOST_PICTURES = 500
_FEWEST_DRAWINGS, _MOST_DRAWINGS = 4, 3000


def with_embedded_pictures(
    page: pymupdf.Page, regions: Sequence[Region], lines: Sequence[Line]
) -> tuple[Region, ...]:
    """``regions`` and the pictures of ``page`` that lie in none of them.

    Strips that touch are one picture; what was taken for a picture inside one gives way.
    """
    area = page.rect.get_area()
    infos = page.get_image_info()[:_MOST_PICTURES]
    shown = [Box(*(pymupdf.Rect(info["bbox"]) & page.rect)) for info in infos]
    missed = [
        box
        for box in [*_joined([box for box in shown if box.area > 0]), *_drawn(page)]
        if _SMALLEST * area < box.area < _LARGEST * area
        and not _is_known(box, regions)
        and sum(line.box.common(box) for line in lines) < _BACKGROUND * box.area
    ]
    kept = [region for region in regions if not _is_part(region, missed)]
    return (*kept, *(Region("picture", box) for box in missed))


def _drawn(page: pymupdf.Page) -> list[Box]:
    """Groups of outlines that are more than rules and frames."""
    drawings = page.get_drawings()
    if not _FEWEST_DRAWINGS <= len(drawings) <= _MOST_DRAWINGS:
        return []
    curved = [d for d in drawings if any(item[0] in ("c", "qu") for item in d["items"])]
    groups = page.cluster_drawings(drawings=drawings)
    return [
        Box(*(group & page.rect))
        for group in groups
        if sum(pymupdf.Rect(d["rect"]) in group for d in curved) >= _FEWEST_DRAWINGS
    ]


def _joined(boxes: list[Box]) -> list[Box]:
    joined: list[Box] = []
    for box in sorted(boxes, key=lambda box: (box.top, box.left)):
        touching = [other for other in joined if _touch(box, other)]
        joined = [other for other in joined if other not in touching]
        joined.append(bounding([box, *touching]))
    return joined


def _touch(one: Box, other: Box) -> bool:
    return one.common_width(other) > -1 and one.common_height(other) > -1


def _is_known(box: Box, regions: Sequence[Region]) -> bool:
    return sum(box.common(region.box) for region in regions) > _KNOWN * box.area


def _is_part(region: Region, pictures: Sequence[Box]) -> bool:
    return region.label == "picture" and any(region.box.share_in(box) > 0.8 for box in pictures)
