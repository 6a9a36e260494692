"""Finds paragraphs whose last row ends early, so that the text under them is another one."""

from collections.abc import Sequence

from workers.engines.cpu.layout.drafts import RUNNING_TEXT, Draft
from workers.engines.cpu.layout.rows import group_into_rows

#: A row ends early if the next word had fitted with more than this to spare, in font sizes and as
#: a part of the width of the column.
_SPARE, _SPARE_SHARE = 8.0, 0.25
#: Left edges of one column lie within this, in font sizes; centred rows are no column.
_SAME_EDGE = 0.5
#: So many rows show the right edge of a column.
_FEWEST_ROWS = 2


def ends_early(before: Draft, draft: Draft, drafts: Sequence[Draft]) -> bool:
    """Whether the page broke the last row of ``before`` on purpose; ``draft`` stands under it.

    ``drafts`` are all blocks of the page; they show where the column ends.
    """
    if not {before.kind, draft.kind} <= RUNNING_TEXT or not before.lines or not draft.lines:
        return False
    if draft.box.top < before.box.bottom or draft.box.overlap_width(before.box) <= 0:
        return False
    last, first = group_into_rows(before.lines)[-1], group_into_rows(draft.lines)[0]
    right = _right_edge(before, drafts)
    letter_width = first.box.width / max(1, len(first.text))
    word = len(first.text.split(" ", 1)[0]) + 1
    spare = right - last.box.right - letter_width * word
    return spare > max(_SPARE * last.size, _SPARE_SHARE * (right - before.box.left))


def _right_edge(before: Draft, drafts: Sequence[Draft]) -> float:
    """The right edge that some rows of the column of ``before`` reach, at least its own."""
    slack = _SAME_EDGE * before.size
    left = before.box.left
    rights = [
        line.box.right
        for draft in drafts
        if draft.kind in RUNNING_TEXT and abs(draft.box.left - left) <= slack
        for line in draft.lines
    ]
    rights.sort(reverse=True)
    own = before.box.right
    return max(own, rights[_FEWEST_ROWS - 1]) if len(rights) >= _FEWEST_ROWS else own
