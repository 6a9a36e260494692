"""Marks paragraphs as quotations that are set in from both sides of their column."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from shared.document.structure.units import Context, Unit, by_page, read_units
from shared.domain.records.page_result import BBox

#: Insets of a quotation, as parts of the width of its column.
_LEAST_INSET, _LARGEST_INSET = 0.03, 0.2
#: The right inset is at most this many times the left one, and at least the second: lines may be
#: ragged.
_WIDER, _NARROWER = 2.5, 0.6
#: A paragraph has several lines if it is so many times as high as the lowest ones of the document.
_SEVERAL_LINES = 1.7
#: Edges closer than this, on a scale of 999, are equal.
_SAME = 6
#: Blocks that are aligned at their left differ by at most this.
_ALIGNED = 2


def quotations(units: Iterable[Unit], _: Context) -> Iterator[Unit]:
    """``units`` with the kind of each quotation and the mark of Markdown before its text."""
    heights = _Heights()
    kept = read_units(units, heights.add)
    seen_body, after_item, line = False, False, heights.line()
    for page in by_page(kept):
        lines = _Lines(page, line)
        for index, unit in enumerate(page):
            of_item = after_item and unit.text[:1].islower()
            is_quotation = seen_body and not of_item and lines.is_quotation(index)
            seen_body = seen_body or (unit.kind == "text" and lines.is_body(unit))
            after_item = unit.kind == "item"
            yield _quoted(unit) if is_quotation else unit


def _quoted(unit: Unit) -> Unit:
    text = "\n".join(f"> {line}" for line in unit.text.split("\n"))
    return unit._replace(kind="quote", text=text)


class _Heights:
    """How many paragraphs, and how many headings, have which height."""

    def __init__(self) -> None:
        self._texts: Counter[int] = Counter()
        self._headings: Counter[int] = Counter()

    def add(self, unit: Unit) -> None:
        """Count the height of a unit."""
        box = unit.first.box
        if box and unit.kind in ("text", "item", "image_caption"):
            self._texts[box[3] - box[1]] += 1
        if box and unit.kind == "heading":
            self._headings[box[3] - box[1]] += 1

    def line(self) -> int:
        """The height of a paragraph of one line: that of the lowest ones; 0 without any.

        Where no paragraph has only one line, most headings are much lower than all.
        """
        lowest = _height(self._texts, 1 / 50)
        heading = _height(self._headings, 1 / 2)
        return heading if 0 < heading * _SEVERAL_LINES <= lowest else lowest


def _height(counts: Counter[int], part: float) -> int:
    """The height that ``part`` of all are below; 0 without any."""
    left = int(counts.total() * part)
    for height in sorted(counts):
        left -= counts[height]
        if left < 0:
            return height
    return 0


class _Lines:
    """The columns of one page."""

    def __init__(self, units: Sequence[Unit], line: int) -> None:
        self._units = units
        self._line = line
        bodies = (unit for unit in units if unit.kind == "text" and self.is_body(unit))
        self._bodies = [unit.first.box for unit in bodies if unit.first.box]
        #: Blocks with each box, and with each left edge.
        self._boxes = Counter(unit.first.box for unit in units)
        self._lefts = Counter(box[0] for box in self._boxes if box)
        self._left = min((box[0] for box in self._bodies), default=0)
        self._right = max((box[2] for box in self._bodies), default=0)

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
        if self._boxes[box] > 1:
            return False  # a part of a larger block, whose own box is unknown
        if index and (self._units[index - 1].kind in ("item", "list") or self._is_boxed(index)):
            return False
        column = self._column(index, box)
        if column is None or not self._is_edge(column[0]):
            return False
        left, right = box[0] - column[0], column[1] - box[2]
        width = column[1] - column[0]
        within = _LEAST_INSET * width <= left <= _LARGEST_INSET * width
        return within and _NARROWER * left <= right <= _WIDER * left

    def _is_boxed(self, index: int) -> bool:
        """Whether the heading of a box stands above the unit, or above others of its left edge."""
        box = self._units[index].first.box
        for above in reversed(self._units[:index]):
            other = above.first.box
            if box is None or other is None or abs(other[0] - box[0]) > _SAME:
                return False
            if above.kind == "heading":
                return True
        return False

    def _is_edge(self, left: int) -> bool:
        """Whether several blocks begin at ``left``; lines that are centred do not."""
        return sum(self._lefts[each] for each in range(left - _ALIGNED, left + _ALIGNED + 1)) > 1

    def _column(self, index: int, box: BBox) -> tuple[int, int] | None:
        """The left and right edge of the text and headings in the same column."""
        if box[0] - _SAME <= self._left or box[2] + _SAME >= self._right:
            return None
        same = [
            other
            for other in self._bodies
            if other[0] < box[0] - _SAME and other[2] > box[2] + _SAME
        ]
        if not same:
            return None
        nearest = min(same, key=lambda other: max(other[1] - box[3], box[1] - other[3]))
        edges = [other[2] for other in same if abs(other[0] - nearest[0]) <= _SAME]
        return nearest[0], max(edges)
