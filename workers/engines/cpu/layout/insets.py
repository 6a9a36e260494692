"""Finds what is set into the gutter of two columns, with text running around it on both sides."""

from collections.abc import Sequence

from workers.engines.cpu.values import Box

#: A neighbour stands beside an inset for this part of the inset's height.
_BESIDE = 0.4
#: An inset takes less than this part of the two columns' width.
_WIDEST = 0.6
#: Boxes on a page where looking at all pairs would hurt.
_MOST = 150


def insets_of(boxes: Sequence[Box]) -> set[int]:
    """Places of boxes that hang between two columns: they belong to neither."""
    if len(boxes) > _MOST:
        return set()
    pairs = [(one, other) for one in boxes for other in boxes if _are_columns(one, other)]
    return {place for place, box in enumerate(boxes) if _is_inset(box, boxes, pairs)}


def _are_columns(left: Box, right: Box) -> bool:
    return left.right <= right.left and left.common_height(right) > 0


def _is_inset(box: Box, boxes: Sequence[Box], pairs: Sequence[tuple[Box, Box]]) -> bool:
    near = [other for other in boxes if other.common_height(box) > _BESIDE * box.height]
    # By its middle: a text that runs on under the inset is as wide as its column.
    before = any(other.left + other.right < 2 * box.left for other in near)
    behind = any(other.left + other.right > 2 * box.right for other in near)
    return before and behind and any(_hangs_between(box, *pair) for pair in pairs)


def _hangs_between(box: Box, left: Box, right: Box) -> bool:
    """Whether ``box`` reaches into both columns and is much narrower than the two."""
    reaches = left.left < box.left < left.right and right.left < box.right < right.right
    apart = left.common_height(box) <= 0 and right.common_height(box) <= 0
    return reaches and apart and box.width < _WIDEST * (right.right - left.left)
