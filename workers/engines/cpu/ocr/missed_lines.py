"""Reads short lines that the detector misses on a large page, in crops around their ink."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from workers.engines.cpu.ocr.ink_clusters import LOWEST_LETTER, InkCluster, ink_clusters
from workers.engines.cpu.ocr.page_ink import PageInk
from workers.engines.cpu.recognition import Corners, Pixels, RecognizedText
from workers.engines.cpu.values import Box

#: Crops of one page, and all their pixels in the detector: more would take about a second.
MOST_CROPS, _MOST_PIXELS = 40, 1_200_000
#: A larger crop holds a drawing, or a line so long that the detector finds it on the page.
_LARGEST_CROP = 250_000
#: After this many crops in a row without text, the ink that is left is a picture.
MOST_VAIN_CROPS = 8
#: The detector enlarges the shortest side of a crop to this many pixels.
_SHORTEST_SIDE = 160
#: White space around a cluster in its crop, in letter heights.
_MARGIN = 1.5
#: A line reaches at most this far out of its cluster, in letter heights, ...
_OVERHANG = 0.5
#: ... and has at least this part inside; else it belongs to another cluster.
_LEAST_INSIDE = 0.4
#: Two lines are the same if more than this part of the smaller lies in the other.
_SAME = 0.4
#: A missed line has at least this score (measured: 0.92 and more for words and digits; marks in
#: photographs have less than 0.9).
_LEAST_SCORE = 0.9
#: The recogniser reads a check mark as one of these letters.
_LIKE_CHECK_MARKS = frozenset("Vv")
#: Less ink than this, in pixels, cannot be a letter.
_LEAST_INK = 2 * LOWEST_LETTER


class MissedLine(NamedTuple):
    """A line that only the second look found, with its text."""

    corners: Corners
    text: RecognizedText


class CropReader(Protocol):
    """Finds and reads lines on small images."""

    def find_lines(self, image: Pixels, shortest_side: int) -> list[Corners]:
        """Corners of every line of text on ``image``."""
        ...

    def read_lines(self, image: Pixels, corners: Sequence[Corners]) -> list[RecognizedText]:
        """The text at each of ``corners`` of ``image``, in the same order."""
        ...


def read_missed_lines(
    reader: CropReader, ink: PageInk, lines: Sequence[Corners]
) -> list[MissedLine]:
    """The lines of text of an upright page in ``ink`` that none of ``lines`` covers."""
    uncovered = ink.outside(lines)
    if cv2.countNonZero(uncovered) < _LEAST_INK:
        return []
    clusters = ink_clusters(uncovered)
    if not clusters:
        return []
    rest = ink.image_without(lines)
    found: list[MissedLine] = []
    vain = 0
    for cluster, window in _crops(clusters, rest):
        corners = _find_in_crop(reader, rest, cluster, window)
        read = _read_well(reader, ink.image, corners)
        new = [line for line in read if not any(_are_same(line, other) for other in found)]
        found += new
        vain = 0 if new else vain + 1
        if vain == MOST_VAIN_CROPS:
            break
    return found


def _crops(clusters: Sequence[InkCluster], image: Pixels) -> Iterator[tuple[InkCluster, Box]]:
    """Each cluster with the box of its crop, as far as the bounds of a page allow."""
    height, width = image.shape[:2]
    total = 0.0
    for cluster in clusters[:MOST_CROPS]:
        left, top, right, bottom = _with_margin(cluster.box, _MARGIN * cluster.letter)
        window = Box(max(0, int(left)), max(0, int(top)), min(width, right), min(height, bottom))
        pixels = _pixels_in_detector(window)
        if pixels <= _LARGEST_CROP and total + pixels <= _MOST_PIXELS:
            total += pixels
            yield cluster, window


def _pixels_in_detector(window: Box) -> float:
    return window.area * max(1.0, _SHORTEST_SIDE / min(window.width, window.height)) ** 2


def _find_in_crop(
    reader: CropReader, image: Pixels, cluster: InkCluster, window: Box
) -> list[Corners]:
    """Corners of the lines of ``cluster`` on ``image``; ``window`` is the crop around it."""
    left, top, right, bottom = (int(edge) for edge in window)
    crop = np.ascontiguousarray(image[top:bottom, left:right])
    shift = np.array([left, top], np.float32)
    around = _with_margin(cluster.box, _OVERHANG * cluster.letter)
    lines = [line + shift for line in reader.find_lines(crop, _SHORTEST_SIDE)]
    return [line for line in lines if _box(line).fraction_inside(around) > _LEAST_INSIDE]


def _read_well(reader: CropReader, image: Pixels, corners: Sequence[Corners]) -> list[MissedLine]:
    """The lines at ``corners`` that the recogniser is sure of."""
    texts = reader.read_lines(image, corners)
    lines = (MissedLine(corner, text) for corner, text in zip(corners, texts, strict=True))
    return [line for line in lines if _is_sure(line.text)]


def _is_sure(read: RecognizedText) -> bool:
    """Whether ``read`` is text; rules and boxes are read as marks without a letter or digit."""
    is_text = any(map(str.isalnum, read.text)) and read.text not in _LIKE_CHECK_MARKS
    return is_text and read.score >= _LEAST_SCORE


def _with_margin(box: Box, margin: float) -> Box:
    return Box(box.left - margin, box.top - margin, box.right + margin, box.bottom + margin)


def _box(line: Corners) -> Box:
    return Box(*line.min(axis=0).tolist(), *line.max(axis=0).tolist())


def _are_same(one: MissedLine, other: MissedLine) -> bool:
    first, second = _box(one.corners), _box(other.corners)
    return first.overlap_area(second) > _SAME * min(first.area, second.area)
