"""Parts lines that the detector drew across the narrow gutter between two columns."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import numpy as np

from workers.engines.cpu.ocr.recognizer import Corners, Pixels
from workers.engines.cpu.values import Box

#: Rows near a line, in line heights, and how many of them must break at one place.
_NEAR, _FEWEST_BREAKS = 8.0, 3
#: Breaks of one gutter lie this close together; a gutter is no wider than that; in line heights.
_SAME, _WIDEST = 1.2, 4.0
#: The least of a line that is left on either side, in line heights.
_LEAST = 2.0
#: White between two columns is at least this wide, in line heights; ink is darker than this part.
_WHITE, _INK = 0.3, 0.35
#: So much of the breaks lie in the gutter, and so much of each column a line fills.
_MOSTLY = 0.6


def parted(image: Pixels, corners: Sequence[Corners]) -> list[Corners]:
    """``corners`` on the upright ``image`` (BGR), those across a gutter as two lines each."""
    boxes = [Box(*corner.min(axis=0).tolist(), *corner.max(axis=0).tolist()) for corner in corners]
    breaks = _breaks(boxes)
    done: list[Corners] = []
    for corner, box in zip(corners, boxes, strict=True):
        place = _gutter(box, breaks)
        white = None if place is None else _white(image, box, place)
        done += [corner] if white is None else _halves(corner, white)
    return done


class _Break(NamedTuple):
    """A small gap between two neighbours on one row: its place and theirs."""

    left: Box
    right: Box

    @property
    def middle(self) -> float:
        return (self.left.right + self.right.left) / 2


def _breaks(boxes: Sequence[Box]) -> list[_Break]:
    found = []
    for left in boxes:
        right = min(
            (box for box in boxes if box.left > left.right and _beside(left, box)),
            key=lambda box: box.left,
            default=None,
        )
        if right is not None and right.left - left.right < _WIDEST * left.height:
            found.append(_Break(left, right))
    return found


def _beside(one: Box, other: Box) -> bool:
    return one.common_height(other) > 0.5 * min(one.height, other.height)


def _gutter(box: Box, breaks: Sequence[_Break]) -> float | None:
    inside = [
        gap
        for gap in breaks
        if abs(gap.left.middle - box.middle) < _NEAR * box.height
        and box.left + _LEAST * box.height < gap.middle < box.right - _LEAST * box.height
    ]
    if len(inside) < _FEWEST_BREAKS:
        return None
    place = median(gap.middle for gap in inside)
    near = [gap for gap in inside if abs(gap.middle - place) < _SAME * box.height]
    if len(near) < max(_FEWEST_BREAKS, _MOSTLY * len(inside)):
        return None
    fills = place - box.left > _MOSTLY * median(
        gap.left.width for gap in near
    ) and box.right - place > _MOSTLY * median(gap.right.width for gap in near)
    return place if fills else None


def _white(image: Pixels, box: Box, place: float) -> tuple[int, int] | None:
    """The widest run of columns without ink near ``place``, None where there is hardly one."""
    reach = _SAME * box.height
    left, right = int(max(0.0, place - reach)), int(place + reach)
    strip = image[max(0, int(box.top)) : int(box.bottom) + 1, left:right].min(axis=2)
    if strip.size == 0:
        return None
    dark, light = int(strip.min()), int(np.median(strip))
    blank = strip.min(axis=0) > light - _INK * (light - dark)
    runs = np.flatnonzero(np.diff(np.concatenate(([0], blank.astype(np.int8), [0]))))
    start, end = max(runs.reshape(-1, 2).tolist(), key=lambda run: run[1] - run[0], default=(0, 0))
    return (left + start, left + end) if end - start >= _WHITE * box.height else None


def _halves(corner: Corners, white: tuple[int, int]) -> list[Corners]:
    """``corner`` before and behind the ``white``, along its own slope."""
    top_left, top_right, bottom_right, bottom_left = corner

    def at(start: Corners, end: Corners, x: float) -> Corners:
        share = (x - start[0]) / max(1.0, float(end[0] - start[0]))
        return np.asarray(start + (end - start) * share, np.float32)

    first, second = white
    return [
        np.stack(
            (
                top_left,
                at(top_left, top_right, first),
                at(bottom_left, bottom_right, first),
                bottom_left,
            )
        ),
        np.stack(
            (
                at(top_left, top_right, second),
                top_right,
                bottom_right,
                at(bottom_left, bottom_right, second),
            )
        ),
    ]
