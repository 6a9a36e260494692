"""Joins the last lines of a meaning, in a region of their own, with the rows above them."""

from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.layout.drafts import RUNNING_TEXT, Draft
from workers.engines.cpu.layout.side_by_side.paired_rows import PairedRow, split_pairs
from workers.engines.cpu.values import bounding_box

#: A rest has at most so many lines and begins at most so far below, in font sizes.
_MOST_LINES, _BELOW = 3, 0.8
#: It begins at the left edge of the meanings or at most so far after it, in font sizes.
_BEFORE, _BEHIND = 0.5, 3.0


def join_meaning_rests(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts``, each rest of a meaning in the draft of its term."""
    result = list(drafts)
    for rest in drafts:
        if rest.kind not in RUNNING_TEXT or not 0 < len(rest.lines) <= _MOST_LINES:
            continue
        rows = next((other for other in result if _ends_in(other, rest)), None)
        if rows is not None:
            box = bounding_box((rows.box, rest.box))
            joined = replace(rows, box=box, lines=(*rows.lines, *rest.lines))
            result[result.index(rows)] = joined
            result.remove(rest)
    return result


def _ends_in(rows: Draft, rest: Draft) -> bool:
    """Whether the last meaning of ``rows`` goes on in ``rest``."""
    if rows is rest or rows.kind not in RUNNING_TEXT or not rows.lines:
        return False
    gap = rest.box.top - rows.box.bottom
    if not -rest.size < gap < _BELOW * rest.size or rest.box.overlap_width(rows.box) <= 0:
        return False
    edge = _meaning_left(rows)
    if edge is None:
        return False
    lefts = [line.box.left - edge for line in rest.lines]
    return -_BEFORE * rest.size <= min(lefts) and max(lefts) <= _BEHIND * rest.size


def _meaning_left(rows: Draft) -> float | None:
    """The left edge of the meanings; None if the last row is no term with its meaning."""
    last = split_pairs(rows.lines)[-1]
    meanings = [line for row in last if isinstance(row, PairedRow) for line in row.meaning]
    return min((line.box.left for line in meanings), default=None)
