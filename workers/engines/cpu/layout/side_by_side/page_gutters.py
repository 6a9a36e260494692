"""Finds the gutters between the columns of a page and keeps blocks on one side of them."""

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.records.page_result import BlockType
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.values import Line, bounding_box

#: A line with at least so many words is running text.
_WORDS_OF_TEXT = 5
#: A column has at least so many lines of running text, and so many of them begin at its left edge.
_FEWEST_LINES, _FEWEST_AT_EDGE = 8, 5
#: Lines across a gutter, such as those of the abstract, are less than this part of the text.
_ACROSS = 0.3
#: The lines left of a gutter end at most so far before the text right of it, in font sizes.
_WIDEST = 5.0
#: Left edges of one column lie within this distance, in font sizes.
_SAME_EDGE = 0.5
_KINDS: frozenset[BlockType] = frozenset({"text", "list", "footnote", "equation", "sub_title"})


def page_gutters(lines: Sequence[Line]) -> list[float]:
    """The left edges in points of all columns of running text but the first."""
    text = [line for line in lines if len(line.text.split()) >= _WORDS_OF_TEXT]
    gutters: list[float] = []
    for line in sorted(text, key=lambda line: line.box.left):
        slack = _SAME_EDGE * line.size
        x = line.box.left
        near = sum(abs(other.box.left - x) <= slack for other in text)
        known = gutters and x - gutters[-1] < _WORDS_OF_TEXT * line.size
        if not known and near >= _FEWEST_AT_EDGE and _is_gutter(x, slack, text):
            gutters.append(x)
    return gutters


def _is_gutter(x: float, slack: float, text: Sequence[Line]) -> bool:
    left = [line for line in text if line.box.right <= x]
    right = [line for line in text if line.box.left >= x - slack]
    beside = sum(x - line.box.right < _WIDEST * line.size for line in left)
    if min(beside, len(right)) < _FEWEST_LINES:
        return False
    areas = [bounding_box(line.box for line in lines) for lines in (left, right)]
    across = len(text) - len(left) - len(right)
    return areas[0].overlap_height(areas[1]) > 0 and across < _ACROSS * len(text)


def apart_at_gutters(drafts: Sequence[Draft], gutters: Sequence[float]) -> list[Draft]:
    """``drafts``, those over a gutter that no line of theirs crosses split there."""
    for gutter in gutters:
        drafts = [part for draft in drafts for part in _split(draft, gutter)]
    return list(drafts)


def are_apart(one: Draft, other: Draft, gutters: Sequence[float]) -> bool:
    """Whether a gutter of the page runs between ``one`` and ``other``, which is right of it."""
    return any(one.box.right <= x + 1 and other.box.left >= x - other.size for x in gutters)


def _split(draft: Draft, gutter: float) -> list[Draft]:
    if draft.kind not in _KINDS or not draft.lines:
        return [draft]
    slack = _SAME_EDGE * draft.size
    if not draft.box.left < gutter - slack < gutter + slack < draft.box.right:
        return [draft]
    left = tuple(line for line in draft.lines if line.box.right <= gutter)
    right = tuple(line for line in draft.lines if line.box.left >= gutter - slack)
    if len(left) + len(right) < len(draft.lines):
        return [draft]
    return [
        replace(draft, box=bounding_box(line.box for line in lines), lines=lines)
        for lines in (left, right)
        if lines
    ]
