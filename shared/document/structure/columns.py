"""The left edges of the columns of text of a document, for left and right pages."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from shared.document.structure.units import Context, Unit
from shared.domain.records import BBox

#: Edges closer than this, on a scale of 999, are equal.
_SAME = 6
#: The right edge of a column is that of this part of its paragraphs or more.
_RIGHT_SHARE = 0.8


class Columns:
    """Measures how far a box is set in from the left edge of its column."""

    def __init__(self, units: Sequence[Unit], context: Context) -> None:
        boxes: dict[int, list[BBox]] = defaultdict(list)
        for unit in units:
            if unit.kind in ("text", "heading", "item") and unit.first.box is not None:
                boxes[context.position[unit.page] % 2].append(unit.first.box)
        self._edges = {side: _left_edges(sorted(found)) for side, found in boxes.items()}
        self._context = context

    def inset(self, unit: Unit) -> int | None:
        """The distance of the unit from the left edge of its column; None without a box."""
        box = unit.first.box
        if box is None:
            return None
        edges = self._edges.get(self._context.position[unit.first.page] % 2, [])
        index = bisect_right(edges, box[0] + _SAME)
        return box[0] - edges[index - 1] if index else 0


def _left_edges(boxes: list[BBox]) -> list[int]:
    """The left edge of each column: the first one, and each behind the end of the last."""
    edges: list[int] = []
    end = -1
    for left, *_ in boxes:
        if left <= end - _SAME:
            continue
        rights = sorted(box[2] for box in boxes if 0 <= box[0] - left <= _SAME)
        edges.append(left)
        end = rights[int(_RIGHT_SHARE * (len(rights) - 1))]
    return edges
