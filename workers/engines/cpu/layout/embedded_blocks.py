"""Splits a text around the blocks that stand inside its region."""

from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.layout.drafts import RUNNING_TEXT, Draft
from workers.engines.cpu.values import Line, bounding_box

#: A block stands in the way of a text if more than this part of its width is over or under it.
_SAME_COLUMN = 0.5


def split_around_blocks(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts``, each text split where another block stands between two of its lines."""
    return [part for draft in drafts for part in _split(draft, drafts)]


def _split(draft: Draft, drafts: Sequence[Draft]) -> list[Draft]:
    if draft.kind not in RUNNING_TEXT or len(draft.lines) < 2:
        return [draft]
    inner = [other.box.center_y for other in drafts if _is_between(other, draft)]
    if not inner:
        return [draft]
    parts: dict[int, list[Line]] = {}
    for line in draft.lines:
        parts.setdefault(sum(line.box.center_y > y for y in inner), []).append(line)
    return [
        replace(draft, box=bounding_box(line.box for line in lines), lines=tuple(lines))
        for _, lines in sorted(parts.items())
    ]


def _is_between(other: Draft, draft: Draft) -> bool:
    """Whether ``other`` stands between two lines of ``draft``, and beside none."""
    if other is draft or not draft.box.top < other.box.center_y < draft.box.bottom:
        return False
    if other.box.overlap_width(draft.box) < _SAME_COLUMN * other.box.width:
        return False
    boxes = [line.box for line in draft.lines]
    above = any(box.center_y < other.box.top for box in boxes)
    below = any(box.center_y > other.box.bottom for box in boxes)
    beside = any(other.box.top <= box.center_y <= other.box.bottom for box in boxes)
    return above and below and not beside
