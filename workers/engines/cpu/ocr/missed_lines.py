"""Finds short lines that the detector misses on a large page, in crops around their ink."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import cv2
import numpy as np

from workers.engines.cpu.ocr.ink_clusters import LOWEST_LETTER, InkCluster, ink_clusters
from workers.engines.cpu.ocr.page_ink import PageInk
from workers.engines.cpu.recognition import Corners, Pixels
from workers.engines.cpu.values import Box

#: Crops of one page, and their pixels in the detector: more would take longer than a second.
MOST_CROPS, _MOST_PIXELS = 40, 1_000_000
#: The detector enlarges the shortest side of a crop to this many pixels.
_SHORTEST_SIDE = 160
#: White space around a cluster in its crop, in letter heights.
_MARGIN = 1.5
#: A found line lies in its cluster with at least this part, the rest belongs to another.
_LEAST_INSIDE = 0.4
#: Two lines are the same if more than this part of the smaller lies in the other.
_SAME = 0.4
#: Less ink than this, in pixels, cannot be a letter.
_LEAST_INK = 2 * LOWEST_LETTER


class CropDetector(Protocol):
    """Finds lines on small images."""

    def find_lines(self, image: Pixels, shortest_side: int) -> list[Corners]:
        """Corners of every line of text on ``image``."""
        ...


def find_missed_lines(
    detector: CropDetector, image: Pixels, lines: Sequence[Corners]
) -> list[Corners]:
    """Corners of the lines of text on ``image`` in the ink that none of ``lines`` covers."""
    ink = PageInk(image)
    uncovered = ink.outside(lines)
    if cv2.countNonZero(uncovered) < _LEAST_INK:
        return []
    clusters = ink_clusters(uncovered)
    if not clusters:
        return []
    found: list[Corners] = []
    boxes = [_box(line) for line in lines]
    rest = ink.image_without(lines)
    for cluster, window in _crops(clusters, image):
        for line in _lines_in(detector, rest, window):
            box = _box(line)
            inside = box.fraction_inside(_with_margin(cluster.box, 0.5 * cluster.letter))
            if inside > _LEAST_INSIDE and not any(_are_same(box, other) for other in boxes):
                found.append(line)
                boxes.append(box)
    return found


def _crops(clusters: Sequence[InkCluster], image: Pixels) -> Iterator[tuple[InkCluster, Box]]:
    """Each cluster with the box of its crop, as long as the page's bounds allow."""
    height, width = image.shape[:2]
    pixels = 0.0
    for cluster in clusters[:MOST_CROPS]:
        left, top, right, bottom = _with_margin(cluster.box, _MARGIN * cluster.letter)
        window = Box(max(0, int(left)), max(0, int(top)), min(width, right), min(height, bottom))
        pixels += window.area * max(1.0, _SHORTEST_SIDE / min(window.width, window.height)) ** 2
        if pixels > _MOST_PIXELS:
            return
        yield cluster, window


def _lines_in(detector: CropDetector, image: Pixels, window: Box) -> list[Corners]:
    left, top, right, bottom = (int(edge) for edge in window)
    crop = np.ascontiguousarray(image[top:bottom, left:right])
    shift = np.array([left, top], np.float32)
    return [line + shift for line in detector.find_lines(crop, _SHORTEST_SIDE)]


def _with_margin(box: Box, margin: float) -> Box:
    return Box(box.left - margin, box.top - margin, box.right + margin, box.bottom + margin)


def _box(line: Corners) -> Box:
    return Box(*line.min(axis=0).tolist(), *line.max(axis=0).tolist())


def _are_same(one: Box, other: Box) -> bool:
    return one.overlap_area(other) > _SAME * min(one.area, other.area)
