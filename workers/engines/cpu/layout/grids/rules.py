"""Finds the ruling lines of a page on its ink."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from workers.engines.cpu.ocr.page_ink import Mask
from workers.engines.cpu.values import Box, Region

#: A rule is at least this part of the longest side of the page long, and at most this part thick.
_SHORTEST, _THICKEST = 0.011, 0.004
#: Rules closer than this, in points, are on one line.
SAME_LINE = 3.0


@dataclass(frozen=True)
class Rules:
    """Ruling lines in points, as thin boxes."""

    horizontal: tuple[Box, ...] = ()
    vertical: tuple[Box, ...] = ()

    @staticmethod
    def of(boxes: Sequence[Box]) -> "Rules":
        """The rules of a page; ``boxes`` are thin."""
        level = tuple(box for box in boxes if box.width > box.height)
        return Rules(level, tuple(box for box in boxes if box.width <= box.height))

    def inside(self, area: Box) -> "Rules":
        """The rules in ``area``, with those on its edges."""
        grown = Box(
            area.left - SAME_LINE, area.top - SAME_LINE, area.right + SAME_LINE,
            area.bottom + SAME_LINE,
        )  # fmt: skip
        return Rules(_inside(self.horizontal, grown), _inside(self.vertical, grown))


def rules_of_tables(regions: Sequence[Region], mask: Mask, scale: float) -> tuple[Box, ...]:
    """The rules of a page with tables; () for another page, which saves the search."""
    has_table = any(region.label == "table" for region in regions)
    return find_rules(mask, scale) if has_table else ()


def find_rules(mask: Mask, scale: float) -> tuple[Box, ...]:
    """Thin rules in the ink of a page, in points; ``scale`` is points per pixel."""
    longest = max(mask.shape)
    length, thick = max(8, int(_SHORTEST * longest)), max(3, int(_THICKEST * longest))
    horizontal = _runs(mask, (length, 1), lambda width, height: height <= thick < width)
    vertical = _runs(mask, (1, length), lambda width, height: width <= thick < height)
    return tuple(_in_points(box, scale) for box in (*horizontal, *vertical))


def _runs(mask: Mask, kernel: tuple[int, int], is_rule: Callable[[int, int], bool]) -> list[Box]:
    shape = cv2.getStructuringElement(cv2.MORPH_RECT, kernel)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, shape)
    _, _, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    return [
        Box(left, top, left + width, top + height)
        for left, top, width, height, _ in stats[1:].tolist()
        if is_rule(width, height)
    ]


def _in_points(box: Box, scale: float) -> Box:
    return Box(*(edge * scale for edge in box))


def _inside(boxes: Sequence[Box], area: Box) -> tuple[Box, ...]:
    return tuple(
        box
        for box in boxes
        if area.left <= box.center_x <= area.right and area.top <= box.center_y <= area.bottom
    )


def line_positions(values: Sequence[float]) -> list[float]:
    """``values`` in order, those of one line as their mean."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] < SAME_LINE:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [float(np.mean(group)) for group in groups]
