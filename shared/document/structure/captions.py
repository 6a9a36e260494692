"""Moves a caption beside its figure or table where the order of reading parted them."""

from collections.abc import Iterable, Iterator, Sequence

from shared.document.structure.units import Context, Unit, UnitKind, by_page
from shared.domain.records.page_result import BBox

_OWNERS: dict[UnitKind, frozenset[UnitKind]] = {
    "image_caption": frozenset({"figure"}),
    "table_caption": frozenset({"table"}),
}
#: A caption stands at most so far from its figure or table, on a scale of 999.
_FARTHEST = 60


def captions(units: Iterable[Unit], _: Context) -> Iterator[Unit]:
    """``units`` with each caption directly before or after what it names."""
    for page in by_page(units):
        yield from _beside(page)


def _beside(page: list[Unit]) -> list[Unit]:
    for caption in [unit for unit in page if unit.kind in _OWNERS]:
        index = page.index(caption)
        if _is_adjacent(page, index):
            continue
        owner = _owner(page, caption)
        if owner is not None:
            page.pop(index)
            at = page.index(owner)
            page.insert(at if _is_above(caption, owner) else at + 1, caption)
    return page


def _is_adjacent(page: Sequence[Unit], index: int) -> bool:
    beside = page[max(0, index - 1) : index] + page[index + 1 : index + 2]  # type: ignore[operator]
    return any(other.kind in _OWNERS[page[index].kind] for other in beside)


def _owner(page: Sequence[Unit], caption: Unit) -> Unit | None:
    """The nearest figure or table above or below the caption that has no caption beside it."""
    box = caption.first.box
    if box is None:
        return None
    kinds = _OWNERS[caption.kind]
    candidates = [
        (distance, index)
        for index, other in enumerate(page)
        if other.kind in kinds and not _has_caption(page, index)
        if (distance := _distance(box, other.first.box)) <= _FARTHEST
    ]
    return page[min(candidates)[1]] if candidates else None


def _has_caption(page: Sequence[Unit], index: int) -> bool:
    return any(
        0 <= other < len(page) and page[other].kind in _OWNERS for other in (index - 1, index + 1)
    )


def _distance(caption: BBox, owner: BBox | None) -> int:
    """The vertical gap between the two; very large where they are not one above the other."""
    if owner is None or caption[0] >= owner[2] or owner[0] >= caption[2]:
        return 1000
    return max(0, owner[1] - caption[3], caption[1] - owner[3])


def _is_above(caption: Unit, owner: Unit) -> bool:
    a, b = caption.first.box, owner.first.box
    return a is not None and b is not None and a[1] < b[1]
