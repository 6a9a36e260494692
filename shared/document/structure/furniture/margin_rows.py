"""Finds the rest of a running header or footer whose other part is known.

A header often has two parts, such as the chapter and the section, or the section and the page
number. The engine may mark only one of them, and the text of the other changes too often to recur.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from shared.document.structure.units import Unit, UnitKind
from shared.domain.records.page_result import BBox

#: A row of furniture ends above this place, or begins below its counterpart, on a scale of 999.
_ZONE = 130
#: The row is at most so high, and stands apart from the text by this part of its height.
_LINE, _GAP = 22, 0.7
#: Rows of two pages whose places differ by at most this are those of one header.
_SAME_PLACE = 4
#: Furniture was marked at that place on so many pages at least, and on more than half of them.
_FEWEST_PAGES = 3
_KINDS: frozenset[UnitKind] = frozenset({"text", "heading", "equation"})
#: The indices of the units of a row, and its place.
_Row = tuple[list[int], int]


@dataclass(slots=True)
class _Places:
    """The pages with an outermost row at each place, with and without marked furniture."""

    marked: Counter[int] = field(default_factory=Counter)
    unmarked: Counter[int] = field(default_factory=Counter)

    def are_furniture(self, place: int) -> bool:
        """Whether rows at ``place`` are furniture."""
        around = range(place - _SAME_PLACE, place + _SAME_PLACE + 1)
        marked = sum(self.marked[each] for each in around)
        return marked >= _FEWEST_PAGES and marked > sum(self.unmarked[each] for each in around)


class MarginRows:
    """The outermost rows of the pages of a document."""

    def __init__(self) -> None:
        self._top, self._bottom = _Places(), _Places()

    def add(self, page: Sequence[Unit]) -> None:
        """Note the rows of a page; all pages are added before ``parts_on``."""
        for places, (indices, place) in self._rows(page):
            is_marked = any(page[index].kind == "furniture" for index in indices)
            (places.marked if is_marked else places.unmarked)[place] += 1

    def parts_on(self, page: Sequence[Unit]) -> set[int]:
        """Indices of the units that belong to a running header or footer."""
        return {
            index
            for places, (indices, place) in self._rows(page)
            if places.are_furniture(place)
            for index in indices
            if page[index].kind in _KINDS
        }

    def _rows(self, page: Sequence[Unit]) -> Iterator[tuple[_Places, _Row]]:
        for places, row in zip((self._top, self._bottom), _outermost(page), strict=True):
            if row is not None:
                yield places, row


def outermost(page: Sequence[Unit]) -> set[int]:
    """Indices of the units in the highest and the lowest row, where these stand apart."""
    return {index for row in _outermost(page) if row is not None for index in row[0]}


def _outermost(page: Sequence[Unit]) -> tuple[_Row | None, _Row | None]:
    boxes = [(index, box) for index, unit in enumerate(page) if (box := unit.first.box)]
    return _top_row(boxes), _top_row([(index, _mirrored(box)) for index, box in boxes])


def _mirrored(box: BBox) -> BBox:
    """``box`` on the page upside down."""
    return box[0], 999 - box[3], box[2], 999 - box[1]


def _top_row(boxes: Sequence[tuple[int, BBox]]) -> _Row | None:
    """The highest row of a page, if it is one line that stands apart from the text."""
    if not boxes:
        return None
    first = min([box for _, box in boxes], key=itemgetter(1))
    if first[3] > _ZONE or first[3] - first[1] > _LINE:
        return None
    row = [(index, box) for index, box in boxes if box[1] < first[3]]
    if not row:  # a box without height, as a model may write it
        return None
    end = max(box[3] for _, box in row)
    rest = [box[1] for _, box in boxes if box[1] >= first[3]]
    height = end - first[1]
    is_apart = bool(rest) and min(rest) - end >= _GAP * height
    if not is_apart or end > _ZONE or height > _LINE:
        return None
    return [index for index, _ in row], first[1]
