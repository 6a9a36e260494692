"""Joins ink into clusters that may be words or lines of text."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.engines.cpu.ocr.page_ink import Mask, PageInk
from workers.engines.cpu.recognition import Corners
from workers.engines.cpu.values import Box

#: Letters are at least this many pixels high, and at most this part of the page's longest side.
LOWEST_LETTER, _TALLEST_LETTER = 6, 0.06
#: A mark that is wider than this many of its heights, or than the second part of the page's
#: longest side, is a rule and no letter or word.
_WIDEST_MARK, _LONGEST_MARK = 12.0, 0.25
#: A mark with less ink than this in its box is a frame or a thin stroke.
_LEAST_FILL = 0.08
#: Pages with more marks than this are noise or a picture: only the largest count.
_MOST_MARKS = 3000
#: Marks that are closer than this on each side, in their heights, are one word or line.
_REACH, _REACH_UP = 0.6, 0.2
#: More ink than this around a cluster means that it is a part of a picture. The ring around it
#: has this width, in heights of its tallest letter.
_MOST_INK_AROUND, _RING = 0.10, 0.5
#: A cluster that is higher than this many of its letters is a drawing.
_MOST_ROWS = 6.0
#: A solid cluster is a bullet, a box or a rule.
_SOLID = 0.92


class InkCluster(NamedTuple):
    """Ink that may be text, in pixels."""

    box: Box
    #: Height of the tallest mark.
    letter: float
    ink: int
    #: The part of a ring around the cluster that is ink, 0 to 1.
    ink_around: float


def ink_clusters(mask: Mask) -> list[InkCluster]:
    """The clusters of ``mask`` that may be text, those with least ink around them first."""
    marks = _letter_marks(mask)
    groups = _joined(marks, mask.shape)
    clusters = [_cluster(marks[groups == group], mask) for group in np.unique(groups)]
    possible = [cluster for cluster in clusters if _may_be_text(cluster)]
    return sorted(possible, key=lambda cluster: (round(cluster.ink_around, 2), -cluster.ink))


def share_in_lines(ink: PageInk, lines: Sequence[Corners], pictures: Sequence[Box] = ()) -> float:
    """The part of the ink of letters on a page that lies in ``lines``, 0 to 1.

    Ink in ``pictures`` (boxes in pixels) does not count; a page without ink has 1.
    """
    marks = _letter_marks(ink.mask)
    x, y = _middles(marks)
    counted = np.ones(len(marks), bool)
    for box in pictures:
        counted &= ~((x >= box.left) & (x <= box.right) & (y >= box.top) & (y <= box.bottom))
    total = int(marks[counted, 4].sum())
    in_lines = counted & (ink.covered(lines)[y, x] > 0)
    return int(marks[in_lines, 4].sum()) / total if total else 1.0


def _letter_marks(mask: Mask) -> NDArray[np.int32]:
    """Connected ink of the size of letters or their parts.

    One row for each: left, top, width, height, ink; the largest first.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
    longest = max(mask.shape)
    width, height, ink = stats[:, 2], stats[:, 3], stats[:, 4]
    kept = (height <= _TALLEST_LETTER * longest) & (width <= _LONGEST_MARK * longest)
    kept &= (width <= _WIDEST_MARK * height) & (ink >= 3) & (ink > _LEAST_FILL * width * height)
    # The first row is all that is no ink.
    kept[0] = False
    marks = stats[kept]
    return np.asarray(marks[np.argsort(-marks[:, 4], kind="stable")][:_MOST_MARKS], np.int32)


def _joined(marks: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """The number of the group of each mark; marks near each other are one group."""
    area = np.zeros(shape[:2], np.uint8)
    for left, top, width, height, _ in marks.tolist():
        aside, up = int(_REACH * height) + 1, int(_REACH_UP * height) + 1
        corner = (left + width + aside, top + height + up)
        cv2.rectangle(area, (left - aside, top - up), corner, 255, cv2.FILLED)
    _, labels = cv2.connectedComponents(area)
    x, y = _middles(marks)
    return np.asarray(labels[y, x], np.int32)


def _middles(marks: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The x and the y of the middle of each mark."""
    return marks[:, 0] + marks[:, 2] // 2, marks[:, 1] + marks[:, 3] // 2


def _cluster(marks: NDArray[np.int32], mask: Mask) -> InkCluster:
    left, top = marks[:, :2].min(axis=0).tolist()
    right, bottom = (marks[:, :2] + marks[:, 2:4]).max(axis=0).tolist()
    box, letter = Box(left, top, right, bottom), int(marks[:, 3].max())
    return InkCluster(box, letter, int(marks[:, 4].sum()), _ink_around(box, letter, mask))


def _may_be_text(cluster: InkCluster) -> bool:
    is_solid = cluster.ink > _SOLID * cluster.box.area
    return (
        cluster.letter >= LOWEST_LETTER
        and cluster.box.height <= _MOST_ROWS * cluster.letter
        and not is_solid
        and cluster.ink_around <= _MOST_INK_AROUND
    )


def _ink_around(box: Box, letter: float, mask: Mask) -> float:
    """The part of a ring around ``box`` that is ink, 0 to 1."""
    left, top, right, bottom = (int(edge) for edge in box)
    ring = max(2, round(_RING * letter))
    around = mask[max(0, top - ring) : bottom + ring, max(0, left - ring) : right + ring]
    inside = mask[top:bottom, left:right]
    size = around.size - inside.size
    return (cv2.countNonZero(around) - cv2.countNonZero(inside)) / size if size else 0.0
