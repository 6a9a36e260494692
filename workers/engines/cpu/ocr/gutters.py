"""Splits lines that the detector drew across the narrow gutter between two columns."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import numpy as np

from workers.engines.cpu.recognition import Corners, Pixels
from workers.engines.cpu.values import Box

#: Only gaps at most this far above or below a line count, in line heights.
_NEARBY_ROWS = 8.0
#: Number of nearby gaps at one place that make a gutter; fewer may be wide word spaces.
_FEWEST_GAPS = 3
#: Gaps of one gutter lie at most this far from their median, in line heights.
_SAME_GUTTER = 1.2
#: A wider gap than this, in line heights, is not a column gutter.
_WIDEST_GAP = 4.0
#: Each part of a split line is at least this wide, in line heights.
_NARROWEST_PART = 2.0
#: White space in a gutter is at least this wide, in line heights.
_LEAST_WHITE = 0.3
#: Ink differs from the paper by more than this part of the image's contrast.
_INK_CONTRAST = 0.35
#: Least part of the nearby gaps that lies in the gutter.
_GAPS_IN_GUTTER = 0.6
#: A line across the gutter fills at least this part of each column; a centred heading does not.
_COLUMN_FILL = 0.6


def split_at_gutters(image: Pixels, corners: Sequence[Corners]) -> list[Corners]:
    """``corners`` of lines on the upright ``image``, those across a gutter as two lines each."""
    boxes = [Box(*corner.min(axis=0).tolist(), *corner.max(axis=0).tolist()) for corner in corners]
    gaps = _gaps(boxes)
    lines: list[Corners] = []
    for corner, box in zip(corners, boxes, strict=True):
        x = _gutter_x(box, gaps)
        white = None if x is None else _white_run(image, box, x)
        lines += [corner] if white is None else _split(corner, white)
    return lines


class _Gap(NamedTuple):
    """A small gap between two neighbouring lines on one row."""

    left: Box
    right: Box

    @property
    def x(self) -> float:
        """The middle of the gap in pixels."""
        return (self.left.right + self.right.left) / 2


def _gaps(boxes: Sequence[Box]) -> list[_Gap]:
    gaps = []
    for left in boxes:
        right = min(
            (box for box in boxes if box.left > left.right and _same_row(left, box)),
            key=lambda box: box.left,
            default=None,
        )
        if right is not None and right.left - left.right < _WIDEST_GAP * left.height:
            gaps.append(_Gap(left, right))
    return gaps


def _same_row(one: Box, other: Box) -> bool:
    return one.overlap_height(other) > 0.5 * min(one.height, other.height)


def _gutter_x(box: Box, gaps: Sequence[_Gap]) -> float | None:
    """The x of the gutter that ``box`` crosses, in pixels; None if it crosses none."""
    crossed = [
        gap
        for gap in gaps
        if abs(gap.left.center_y - box.center_y) < _NEARBY_ROWS * box.height
        and box.left + _NARROWEST_PART * box.height < gap.x
        and gap.x < box.right - _NARROWEST_PART * box.height
    ]
    if len(crossed) < _FEWEST_GAPS:
        return None
    x = median(gap.x for gap in crossed)
    aligned = [gap for gap in crossed if abs(gap.x - x) < _SAME_GUTTER * box.height]
    if len(aligned) < max(_FEWEST_GAPS, _GAPS_IN_GUTTER * len(crossed)):
        return None
    return x if _fills_both_columns(box, x, aligned) else None


def _fills_both_columns(box: Box, x: float, gaps: Sequence[_Gap]) -> bool:
    left = median(gap.left.width for gap in gaps)
    right = median(gap.right.width for gap in gaps)
    return x - box.left > _COLUMN_FILL * left and box.right - x > _COLUMN_FILL * right


def _white_run(image: Pixels, box: Box, x: float) -> tuple[int, int] | None:
    """Start and end in pixels of the widest run of columns without ink near ``x``.

    None if the widest run is too narrow for a gutter.
    """
    reach = _SAME_GUTTER * box.height
    left, right = int(max(0.0, x - reach)), int(x + reach)
    strip = image[max(0, int(box.top)) : int(box.bottom) + 1, left:right].min(axis=2)
    if strip.size == 0:
        return None
    dark, light = int(strip.min()), int(np.median(strip))
    blank = strip.min(axis=0) > light - _INK_CONTRAST * (light - dark)
    runs = np.flatnonzero(np.diff(np.concatenate(([0], blank.astype(np.int8), [0]))))
    start, end = max(runs.reshape(-1, 2).tolist(), key=lambda run: run[1] - run[0], default=(0, 0))
    return (left + start, left + end) if end - start >= _LEAST_WHITE * box.height else None


def _split(corner: Corners, white: tuple[int, int]) -> list[Corners]:
    """The parts of ``corner`` before and after ``white``, along the slope of the line."""
    top_left, top_right, bottom_right, bottom_left = corner
    top_end, top_start = (_point_at(top_left, top_right, x) for x in white)
    bottom_end, bottom_start = (_point_at(bottom_left, bottom_right, x) for x in white)
    return [
        np.stack((top_left, top_end, bottom_end, bottom_left)),
        np.stack((top_start, top_right, bottom_right, bottom_start)),
    ]


def _point_at(start: Corners, end: Corners, x: float) -> Corners:
    """The point at ``x`` on the straight line from ``start`` to ``end``."""
    share = (x - start[0]) / max(1.0, float(end[0] - start[0]))
    return np.asarray(start + (end - start) * share, np.float32)
