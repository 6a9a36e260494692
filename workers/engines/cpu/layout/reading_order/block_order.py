"""Sorts drafts into reading order and keeps each heading with the block under it."""

from collections.abc import Sequence

from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.reading_order.box_order import reading_order
from workers.engines.cpu.values import bounding_box

_HEADINGS = frozenset({"title", "sub_title"})
#: The block under a heading begins at most this far below it, in median line heights.
_LARGEST_GAP = 1.6


def in_reading_order(drafts: Sequence[Draft], line_height: float) -> list[Draft]:
    """``drafts`` in reading order; ``line_height`` is the median of the page, in points."""
    chains = _chains(drafts, line_height)
    boxes = [bounding_box(drafts[index].box for index in chain) for chain in chains]
    order = reading_order(boxes, line_height)
    return [drafts[index] for place in order for index in chains[place]]


def _chains(drafts: Sequence[Draft], line_height: float) -> list[list[int]]:
    """Indices of ``drafts``, each heading in one chain with the block under it."""
    block_under: dict[int, int] = {}
    for index, draft in enumerate(drafts):
        follower = _block_under(draft, drafts, line_height) if draft.kind in _HEADINGS else None
        # The first of two headings over one block keeps it.
        if follower is not None and follower not in block_under.values():
            block_under[index] = follower
    starts = [index for index in range(len(drafts)) if index not in block_under.values()]
    return [_chain(start, block_under) for start in starts]


def _chain(start: int, block_under: dict[int, int]) -> list[int]:
    chain = [start]
    while chain[-1] in block_under:
        chain.append(block_under[chain[-1]])
    return chain


def _block_under(heading: Draft, drafts: Sequence[Draft], line_height: float) -> int | None:
    """Index of the nearest block directly under ``heading`` that is at least as wide."""
    box = heading.box
    candidates = [
        (other.box.top, index)
        for index, other in enumerate(drafts)
        if other is not heading
        and other.box.top > box.center_y
        and other.box.top - box.bottom < _LARGEST_GAP * line_height
        and other.box.overlap_width(box) > 0
    ]
    if not candidates:
        return None
    index = min(candidates)[1]
    block = drafts[index].box
    is_wider = block.left <= box.left + line_height and box.right <= block.right + line_height
    return index if is_wider else None
