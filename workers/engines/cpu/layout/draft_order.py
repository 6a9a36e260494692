"""Orders blocks as a reader takes them: a heading stays with the text under it."""

from collections.abc import Sequence

from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.reading_order import reading_order
from workers.engines.cpu.values import bounding

_HEADINGS = frozenset({"title", "sub_title"})
#: How far below a heading its text may begin, in line heights.
_NEAR = 1.6


def in_order(drafts: Sequence[Draft], unit: float) -> list[Draft]:
    """``drafts`` in reading order; ``unit`` is the median line height."""
    chains = _chains(drafts, unit)
    boxes = [bounding(drafts[place].box for place in chain) for chain in chains]
    return [drafts[place] for index in reading_order(boxes, unit) for place in chains[index]]


def _chains(drafts: Sequence[Draft], unit: float) -> list[list[int]]:
    """Places of ``drafts``, each heading in one chain with the block it stands over."""
    below: dict[int, int] = {}
    for place, draft in enumerate(drafts):
        follower = _follower(draft, drafts, unit) if draft.kind in _HEADINGS else None
        # Two headings over one block: the first keeps it.
        if follower is not None and follower not in below.values():
            below[place] = follower
    starts = [place for place in range(len(drafts)) if place not in below.values()]
    return [_chain(start, below) for start in starts]


def _chain(start: int, below: dict[int, int]) -> list[int]:
    chain = [start]
    while chain[-1] in below:
        chain.append(below[chain[-1]])
    return chain


def _follower(heading: Draft, drafts: Sequence[Draft], unit: float) -> int | None:
    """The nearest block right under ``heading`` that is no narrower to either side."""
    box = heading.box
    under = [
        (other.box.top, place)
        for place, other in enumerate(drafts)
        if other is not heading
        and other.box.top > box.middle
        and other.box.top - box.bottom < _NEAR * unit
        and other.box.common_width(box) > 0
    ]
    if not under:
        return None
    place = min(under)[1]
    other = drafts[place].box
    inside = other.left <= box.left + unit and box.right <= other.right + unit
    return place if inside else None
