"""Finds the ruling lines of a page on its ink."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from workers.engines.cpu.ocr.page_ink import Mask
from workers.engines.cpu.values import Box, Region

#: A rule is at least this part of the longest side of the page long, and at most this part thick.
_SHORTEST, _THICKEST = 0.011, 0.004
#: No stroke of a letter is longer than this part of the longest side of the page.
_LONG = 0.016
#: Rules at most this far around the region of a table belong to it, in longest sides of the page.
_AROUND = 0.02
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
    """The rules in and around the table regions of a page, in points.

    ``scale`` is points per pixel.
    """
    rules: list[Box] = []
    for region in regions:
        if region.label == "table":
            left, top, right, bottom = (edge / scale for edge in region.box)
            margin = _AROUND * max(mask.shape)
            x, y = max(0, int(left - margin)), max(0, int(top - margin))
            part = mask[y : int(bottom + margin), x : int(right + margin)]
            rules += [_moved(rule, x, y) for rule in _rules(part, max(mask.shape))]
    return tuple(Box(*(edge * scale for edge in rule)) for rule in rules)


def _moved(box: Box, x: int, y: int) -> Box:
    return Box(box.left + x, box.top + y, box.right + x, box.bottom + y)


def long_rules(mask: Mask) -> Rules:
    """The rules of a page in pixels that are longer than any stroke of a letter."""
    longest = max(mask.shape)
    length, thick = max(16, int(_LONG * longest)), max(3, int(_THICKEST * longest))
    return Rules(
        tuple(_runs(mask, (length, 1), lambda width, height: height <= thick < width)),
        tuple(_runs(mask, (1, length), lambda width, height: width <= thick < height)),
    )


def without_rules(mask: Mask, rules: Rules) -> Mask:
    """``mask`` without ``rules``, which are no part of the letters that they touch."""
    result = mask.copy()
    for left, top, right, bottom in (*rules.horizontal, *rules.vertical):
        result[int(top) : int(bottom), int(left) : int(right)] = 0
    return result


def _rules(mask: Mask, longest: int) -> list[Box]:
    """The rules in a part of a page, in pixels; ``longest`` is the longest side of the page."""
    length, thick = max(8, int(_SHORTEST * longest)), max(3, int(_THICKEST * longest))
    if not mask.size:
        return []
    horizontal = _runs(mask, (length, 1), lambda width, height: height <= thick < width)
    vertical = _runs(mask, (1, length), lambda width, height: width <= thick < height)
    return [*horizontal, *vertical]


def _runs(mask: Mask, kernel: tuple[int, int], is_rule: Callable[[int, int], bool]) -> list[Box]:
    shape = cv2.getStructuringElement(cv2.MORPH_RECT, kernel)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, shape)
    _, _, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    return [
        Box(left, top, left + width, top + height)
        for left, top, width, height, _ in stats[1:].tolist()
        if is_rule(width, height)
    ]


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
