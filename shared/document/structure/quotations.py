"""Marks paragraphs as quotations that are set in from both sides of their column."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from shared.document.structure.units import Context, Unit
from shared.domain.records import BBox

#: Insets of a quotation, as parts of the width of its column.
_LEAST_INSET, _LARGEST_INSET = 0.03, 0.2
#: The right inset is at most this many times the left one, and at least the second: lines may be
#: ragged.
_WIDER, _NARROWER = 2.5, 0.6
#: A paragraph has several lines if it is so many times as high as the lowest ones of the document.
_SEVERAL_LINES = 1.7
#: Edges closer than this, on a scale of 999, are equal.
_SAME = 6


def quotations(units: Sequence[Unit], _: Context) -> list[Unit]:
    """``units`` with the kind of each quotation and the mark of Markdown before its text."""
    result: list[Unit] = []
    seen_body, line = False, _line_height(units)
    for _, run in groupby(units, key=lambda unit: unit.page):
        page = list(run)
        lines = _Lines(page, line)
        for index, unit in enumerate(page):
            of_item = bool(result) and result[-1].kind == "item" and unit.text[:1].islower()
            is_quotation = seen_body and not of_item and lines.is_quotation(index)
            seen_body = seen_body or (unit.kind == "text" and lines.is_body(unit))
            result.append(_quoted(unit) if is_quotation else unit)
    return result


def _quoted(unit: Unit) -> Unit:
    text = "\n".join(f"> {line}" for line in unit.text.split("\n"))
    return replace(unit, kind="quote", text=text)


def _line_height(units: Sequence[Unit]) -> int:
    """The height of a paragraph of one line: that of the lowest ones."""
    boxes = [unit.first.box for unit in units if unit.kind in ("text", "item", "image_caption")]
    heights = sorted(box[3] - box[1] for box in boxes if box)
    return heights[len(heights) // 50] if heights else 0


class _Lines:
    """The columns of one page."""

    def __init__(self, units: Sequence[Unit], line: int) -> None:
        self._units = units
        self._line = line

    def is_body(self, unit: Unit) -> bool:
        """Whether the unit has several lines."""
        box = unit.first.box
        return box is not None and box[3] - box[1] >= _SEVERAL_LINES * self._line

    def is_quotation(self, index: int) -> bool:
        """Whether the unit is set in from both sides of the text above or below it."""
        unit = self._units[index]
        box = unit.first.box
        if unit.kind != "text" or box is None or not self.is_body(unit) or len(unit.places) > 1:
            return False
        if index and (self._units[index - 1].kind in ("item", "list") or self._is_boxed(index)):
            return False
        column = self._column(index, box)
        if column is None:
            return False
        left, right = box[0] - column[0], column[1] - box[2]
        width = column[1] - column[0]
        within = _LEAST_INSET * width <= left <= _LARGEST_INSET * width
        return within and _NARROWER * left <= right <= _WIDER * left

    def _is_boxed(self, index: int) -> bool:
        """Whether the heading of a box stands above the unit."""
        above, box = self._units[index - 1], self._units[index].first.box
        if above.kind != "heading" or above.first.box is None or box is None:
            return False
        return abs(above.first.box[0] - box[0]) <= _SAME

    def _column(self, index: int, box: BBox) -> tuple[int, int] | None:
        """The left and right edge of the text and headings in the same column."""
        boxes = [
            other.first.box
            for other in self._units
            if other.kind == "text" and other.first.box and self.is_body(other)
        ]
        same = [other for other in boxes if other[0] < box[0] - _SAME and other[2] > box[2] + _SAME]
        if not same:
            return None
        nearest = min(same, key=lambda other: max(other[1] - box[3], box[1] - other[3]))
        edges = [other[2] for other in same if abs(other[0] - nearest[0]) <= _SAME]
        return nearest[0], max(edges)
