"""Finds insets: blocks in the gutter of two columns with text beside them on both sides."""

from collections.abc import Sequence

from workers.engines.cpu.values import Box

#: A neighbour overlaps more than this part of an inset's height.
_BESIDE = 0.4
#: An inset is narrower than this part of the two columns together.
_WIDEST = 0.6
#: A page with more boxes is not searched for insets: comparing all pairs takes too long.
_MOST_BOXES = 150


def find_insets(boxes: Sequence[Box]) -> set[int]:
    """Indices of the ``boxes`` that lie between two columns and belong to neither."""
    if len(boxes) > _MOST_BOXES:
        return set()
    pairs = [(one, other) for one in boxes for other in boxes if _are_columns(one, other)]
    return {index for index, box in enumerate(boxes) if _is_inset(box, boxes, pairs)}


def _are_columns(left: Box, right: Box) -> bool:
    return left.right <= right.left and left.overlap_height(right) > 0


def _is_inset(box: Box, boxes: Sequence[Box], columns: Sequence[tuple[Box, Box]]) -> bool:
    beside = [other for other in boxes if other.overlap_height(box) > _BESIDE * box.height]
    # Compare centres, because text that continues under the inset is as wide as its column.
    text_left = any(other.left + other.right < 2 * box.left for other in beside)
    text_right = any(other.left + other.right > 2 * box.right for other in beside)
    return text_left and text_right and any(_is_between(box, *pair) for pair in columns)


def _is_between(box: Box, left: Box, right: Box) -> bool:
    """Whether ``box`` overlaps both columns horizontally and is much narrower than both."""
    in_both = left.left < box.left < left.right and right.left < box.right < right.right
    apart = left.overlap_height(box) <= 0 and right.overlap_height(box) <= 0
    return in_both and apart and box.width < _WIDEST * (right.right - left.left)
