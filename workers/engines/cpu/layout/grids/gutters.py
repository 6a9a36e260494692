"""Finds the columns of a table without upright rules: strips that no word of its rows crosses."""

from collections.abc import Sequence
from statistics import median

import numpy as np
from numpy.typing import NDArray

from workers.engines.cpu.layout.grids.words import Word, segments_of

#: A gutter is at least this wide in font sizes; in a table of few rows, the second value.
_NARROWEST, _NARROWEST_OF_FEW, _FEW_ROWS = 0.5, 0.8, 4
#: Rows with fewer segments than this part of those of the fullest row do not show the columns.
_FULL_ROW = 0.7
#: Steps of the measured positions, in points.
_STEP = 0.5
#: One row of so many may cross a gutter: it was read wrongly or spans columns.
_ROWS_OF_ONE_FAULT = 6
#: Columns that hold only these signs belong to the numbers beside them.
_SIGNS = frozenset("$€£¥%()")


def column_edges(rows: Sequence[Sequence[Word]]) -> list[float]:
    """The x of the left edge of each column but the first, in points."""
    full = _full_rows(rows)
    if not full:
        return []
    left = min(word.box.left for row in full for word in row)
    right = max(word.box.right for row in full for word in row)
    steps = max(1, int((right - left) / _STEP) + 1)
    filled = np.stack([_filled(row, left, steps) for row in full])
    size = median(word.size for row in full for word in row)
    narrowest = (_NARROWEST_OF_FEW if len(full) < _FEW_ROWS else _NARROWEST) * size / _STEP
    gutters = _without_one_fault(filled, narrowest)
    edges = [left + _STEP * (start + end) / 2 for start, end in gutters]
    return _without_sign_columns(_without_halves(edges, full), rows)


def _full_rows(rows: Sequence[Sequence[Word]]) -> list[Sequence[Word]]:
    counts = [len(segments_of(row)) for row in rows]
    most = sorted(counts)[-max(1, len(counts) // 4)] if counts else 0
    least = max(2.0, _FULL_ROW * most)
    return [row for row, count in zip(rows, counts, strict=True) if count >= least]


def _filled(row: Sequence[Word], left: float, steps: int) -> NDArray[np.bool_]:
    filled = np.zeros(steps, bool)
    for word in row:
        start = int((word.box.left - left) / _STEP)
        filled[max(0, start) : max(0, int((word.box.right - left) / _STEP)) + 1] = True
    return filled


def _without_one_fault(filled: NDArray[np.bool_], narrowest: float) -> list[tuple[int, int]]:
    """The gutters through all rows, or through all but one that hides some."""
    best = _free_runs(filled.sum(axis=0), narrowest)
    if len(filled) < _ROWS_OF_ONE_FAULT:
        return best
    counts = filled.sum(axis=0)
    for row in filled:
        gutters = _free_runs(counts - row, narrowest)
        if len(gutters) > len(best):
            best = gutters
    return best


def _free_runs(counts: NDArray[np.int64], narrowest: float) -> list[tuple[int, int]]:
    """Start and end of each inner run of positions without words."""
    free = np.concatenate(([0], (counts == 0).astype(np.int8), [0]))
    runs = np.flatnonzero(np.diff(free)).reshape(-1, 2).tolist()
    last = len(counts)
    return [(a, b) for a, b in runs if b - a >= narrowest and a > 0 and b < last]


def _without_halves(edges: list[float], rows: Sequence[Sequence[Word]]) -> list[float]:
    """``edges`` without those between columns of which no row fills both.

    A header at the left of its column and the numbers at the right leave a strip between them.
    """
    kept = list(edges)
    # From the right, because such a header stands left of its numbers.
    for index in range(len(edges) - 1, -1, -1):
        bounds = [float("-inf"), *kept, float("inf")]
        left, middle, right = bounds[index : index + 3]
        if not any(_has_word(row, left, middle) and _has_word(row, middle, right) for row in rows):
            del kept[index]
    return kept


def _has_word(row: Sequence[Word], left: float, right: float) -> bool:
    return any(left <= word.box.center_x < right for word in row)


def _without_sign_columns(edges: list[float], rows: Sequence[Sequence[Word]]) -> list[float]:
    """``edges`` without those between a number and its sign."""
    kept = list(edges)
    for index in range(len(edges) + 1):
        texts = _texts_in_column(index, edges, rows)
        if not texts or not all(_SIGNS.issuperset(text) for text in texts):
            continue
        is_before = all(text in "$€£¥(" for text in texts)
        edge = index if is_before else index - 1
        if 0 <= edge < len(edges) and edges[edge] in kept:
            kept.remove(edges[edge])
    return kept


def _texts_in_column(
    index: int, edges: Sequence[float], rows: Sequence[Sequence[Word]]
) -> list[str]:
    bounds = [float("-inf"), *edges, float("inf")]
    return [
        word.text
        for row in rows
        for word in row
        if bounds[index] <= word.box.center_x < bounds[index + 1]
    ]
