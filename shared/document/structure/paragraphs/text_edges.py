"""The edges of the text of each page: they show what is set in, narrower, or in the margin."""

from collections.abc import Sequence

from shared.document.structure.breaks import is_break
from shared.document.structure.units import Place, Unit
from shared.domain.records.page_result import BBox

#: A text is set in by more than the first value from the left edge of another one in its column,
#: and by less than the second, on a scale of 999; text further left is another column.
_LEAST_INSET, _COLUMN = 10, 120
#: Another text shows the edge of the column if it is at least so wide.
_WIDE = 250
#: A first half is at least this part as wide as the second one: it fills its lines.
_NARROWEST = 0.6
#: Texts of a page that are compared, and pages that are remembered, at most.
_MOST_TEXTS, _MOST_PAGES = 200, 64


class TextEdges:
    """The boxes of the text of the latest pages."""

    def __init__(self) -> None:
        self._boxes: dict[int, list[BBox]] = {}

    def add(self, page: Sequence[Unit]) -> None:
        """Remember the units of a page; pages come in order."""
        boxes = [unit.first.box for unit in page if unit.kind == "text"]
        if page:
            self._boxes[page[0].page] = [box for box in boxes if box][:_MOST_TEXTS]
        if len(self._boxes) > _MOST_PAGES:
            del self._boxes[next(iter(self._boxes))]

    def is_in_margin(self, unit: Unit) -> bool:
        """Whether a text stands beside all wide texts of its page, as a note in the margin does."""
        box = unit.first.box
        if box is None or unit.kind != "text" or _width(box) > _WIDE or len(unit.places) > 1:
            return False
        wide = [other for other in self._boxes.get(unit.first.page, ()) if _width(other) > _WIDE]
        return bool(wide) and all(box[2] <= other[0] or other[2] <= box[0] for other in wide)

    def may_be_halves(self, before: Unit, unit: Unit) -> bool:
        """Whether two texts on both sides of a break have edges as halves of one paragraph.

        The second half begins at the left edge of its column if the first one does, and the lines
        of the first one reach as far as those of the second one.
        """
        first, second = before.last, unit.first
        if not is_break(before, unit):
            return True
        if first.box is None or second.box is None or {before.kind, unit.kind} != {"text"}:
            return True
        widest = max(_width(place.box) for place in before.places if place.box)
        if widest < _NARROWEST * _width(second.box):
            return False
        return self._is_set_in(first) or not self._is_set_in(second)

    def _is_set_in(self, place: Place) -> bool:
        box = place.box
        return box is not None and any(
            _LEAST_INSET < box[0] - other[0] < _COLUMN and _width(other) > max(_WIDE, _width(box))
            for other in self._boxes.get(place.page, ())
        )


def _width(box: BBox) -> int:
    return box[2] - box[0]
