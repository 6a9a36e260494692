"""The left edges of the columns of text of a document, for left and right pages."""

from bisect import bisect_right
from collections import Counter, defaultdict

from shared.document.structure.units import Context, Unit

#: Edges closer than this, on a scale of 999, are equal.
_SAME = 6
#: The right edge of a column is that of this part of its paragraphs or more.
_RIGHT_SHARE = 0.8


class Columns:
    """Measures how far a box is set in from the left edge of its column."""

    def __init__(self, context: Context) -> None:
        self._position = context.pages.position
        #: How many boxes of left (0) and right (1) pages have these left and right edges.
        self._boxes: dict[int, Counter[tuple[int, int]]] = defaultdict(Counter)
        self._edges: dict[int, list[int]] = {}

    def add(self, unit: Unit) -> None:
        """Count the edges of a unit; all are added before the first inset is asked for."""
        box = unit.first.box
        if box is not None and unit.kind in ("text", "heading", "item"):
            self._boxes[self._position(unit.page) % 2][box[0], box[2]] += 1

    def measure(self) -> None:
        """Find the columns of all units that were added."""
        self._edges = {side: _left_edges(counts) for side, counts in self._boxes.items()}

    def inset(self, unit: Unit) -> int | None:
        """The distance of the unit from the left edge of its column; None without a box."""
        box = unit.first.box
        if box is None:
            return None
        edges = self._edges.get(self._position(unit.first.page) % 2, [])
        index = bisect_right(edges, box[0] + _SAME)
        return box[0] - edges[index - 1] if index else 0


def _left_edges(counts: Counter[tuple[int, int]]) -> list[int]:
    """The left edge of each column: the first one, and each behind the end of the last."""
    edges: list[int] = []
    end = -1
    for left in sorted({left for left, _ in counts}):
        if left <= end - _SAME:
            continue
        edges.append(left)
        end = _right_edge({box: n for box, n in counts.items() if 0 <= box[0] - left <= _SAME})
    return edges


def _right_edge(counts: dict[tuple[int, int], int]) -> int:
    """The right edge that ``_RIGHT_SHARE`` of the boxes do not reach beyond."""
    left = int(_RIGHT_SHARE * (sum(counts.values()) - 1))
    for (_, right), count in sorted(counts.items(), key=lambda item: item[0][1]):
        left -= count
        if left < 0:
            return right
    raise AssertionError("a column has a box")
