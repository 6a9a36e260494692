"""Finds photographs of a scan that the layout model missed: large areas of many colours."""

from collections.abc import Sequence

import cv2
import numpy as np

from workers.engines.cpu.recognition import Pixels
from workers.engines.cpu.values import Box, Line, Region

#: The page is looked at with so many pixels on its longest side.
_LONGEST_SIDE = 250
#: A pixel differs from the paper by more than this.
_CONTRAST = 24
#: A photograph takes between these parts of the page and fills this part of its box.
_SMALLEST, _LARGEST, _FILL = 0.015, 0.85, 0.85
#: Its shades differ by this much or more: a tinted box has one shade.
_SPREAD = 14.0
#: It is known if regions cover this part of it; with this part covered by lines it is a ground of
#: text.
_KNOWN, _TEXT = 0.3, 0.02


def with_photos(
    regions: Sequence[Region], lines: Sequence[Line], image: Pixels, scale: float
) -> tuple[Region, ...]:
    """``regions`` in points, and the photographs of ``image`` that none of them covers.

    ``scale`` is points per pixel.
    """
    new = [box for box in _areas(image, scale) if _is_missed(box, regions, lines)]
    return (*regions, *(Region("picture", box) for box in new))


def _areas(image: Pixels, scale: float) -> list[Box]:
    """The boxes of large filled areas of several shades, in points."""
    factor = _LONGEST_SIDE / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    paper = np.median(small.reshape(-1, 3), axis=0)
    differs = (np.abs(small.astype(np.int16) - paper).max(axis=2) > _CONTRAST).astype(np.uint8)
    solid = cv2.morphologyEx(differs, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    found = []
    for left, top, width, height, area in stats[1:].tolist():
        share = width * height / (size[0] * size[1])
        part = small[top : top + height, left : left + width]
        is_photo = area > _FILL * width * height and float(part.std(axis=(0, 1)).max()) > _SPREAD
        if is_photo and _SMALLEST < share < _LARGEST:
            edges = (left, top, left + width, top + height)
            found.append(Box(*(edge / factor * scale for edge in edges)))
    return found


def _is_missed(box: Box, regions: Sequence[Region], lines: Sequence[Line]) -> bool:
    known = sum(box.overlap_area(region.box) for region in regions)
    text = sum(box.overlap_area(line.box) for line in lines)
    return known < _KNOWN * box.area and text < _TEXT * box.area
