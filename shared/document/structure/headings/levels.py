"""Gives headings of one rank one level over the whole document.

The rank follows from the number of a heading, or from its font size where most have no number.
One heading is the title: the largest, if it is alone of its size at the beginning.
"""

import re
from array import array
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from statistics import median
from typing import NamedTuple

from shared.document.spool import Spool, read_through
from shared.document.structure.headings.numbers import decimal_depth, order_of
from shared.document.structure.headings.sizes import heading_size
from shared.document.structure.text.sentences import ends_sentence
from shared.document.structure.units import Context, Unit

#: Headings whose sizes differ by less than this factor have one rank.
_SAME_SIZE = 0.9
_DEEPEST = 6
#: Part of the headings with numbers from which on numbers decide.
_MOSTLY = 0.5
#: The size of a shorter heading is not exact.
_LONG = 8
#: A heading that an engine took for text has at most so many characters.
_LONGEST_PROMOTED = 40
#: A kind of number is one of headings if at least so many have it.
_FEWEST_ALIKE = 2
#: Kinds of numbers that are rarely those of list items.
_HEADING_ORDERS = frozenset(range(5))
_HASHES = re.compile(r" {0,3}#{1,6}[ \t]+")


def heading_levels(units: Iterable[Unit], context: Context) -> Iterator[Unit]:
    """``units`` with consistent levels; unchanged where nothing shows the ranks."""
    survey = _Survey(context)
    kept = read_through(units, survey.add)
    levels = survey.levels()
    for unit in kept:
        whole = _as_heading(unit) if _is_missed(unit, survey.alike) else unit
        if whole.kind == "heading" and levels is not None:
            whole = _with_level(whole, next(levels))
        yield whole


_NumberKind = tuple[str, int]


def _number_kind(text: str) -> _NumberKind | None:
    order, depth = order_of(text), decimal_depth(text)
    if order is not None:
        return ("order", order) if order in _HEADING_ORDERS else None
    return ("decimal", depth) if depth > 1 else None


def _is_missed(unit: Unit, alike: Container[_NumberKind | None]) -> bool:
    """Whether an engine took a heading for text: it has the number of other headings."""
    return _is_line(unit) and _number_kind(unit.text) in alike


def _is_line(unit: Unit) -> bool:
    short = len(unit.text) <= _LONGEST_PROMOTED and "\n" not in unit.text
    return unit.kind == "text" and short and not ends_sentence(unit.text)


def _as_heading(unit: Unit) -> Unit:
    return replace(unit, kind="heading", level=_DEEPEST, text=f"{'#' * _DEEPEST} {unit.text}")


def _with_level(unit: Unit, level: int) -> Unit:
    text = f"{'#' * level} {_HASHES.sub('', unit.text, count=1)}"
    return unit if level == unit.level else replace(unit, level=level, text=text)


def _plain(unit: Unit) -> str:
    return _HASHES.sub("", unit.text, count=1).strip(" *_")


class _Heading(NamedTuple):
    """What shows the rank of a heading."""

    #: The font size; 0 if unknown.
    size: float
    #: The place of its numbering among the known orders; None without one.
    order: int | None
    #: The number of parts of a decimal number; 0 without one.
    depth: int
    #: The level that the engine gave it.
    level: int
    is_long: bool
    page: int
    #: The kind of its number, if it is a line that is no heading by itself.
    missed: _NumberKind | None

    @property
    def is_numbered(self) -> bool:
        """Whether a number shows its rank."""
        return self.order is not None or self.depth > 0


class _Survey:
    """Collects the headings of a document, and the lines that may be headings."""

    def __init__(self, context: Context) -> None:
        self._image = context.pages.image
        self._first_page: int | None = None
        self._kinds: Counter[_NumberKind | None] = Counter()
        self._headings = Spool[_Heading]()

    @cached_property
    def alike(self) -> frozenset[_NumberKind | None]:
        """Kinds of numbers that several headings have."""
        kinds = self._kinds.items()
        return frozenset(kind for kind, count in kinds if kind and count >= _FEWEST_ALIKE)

    def add(self, unit: Unit) -> None:
        """Note a unit that is a heading or may be one; all are added before ``levels``."""
        if self._first_page is None:
            self._first_page = unit.page
        if unit.kind == "heading":
            self._kinds[_number_kind(_plain(unit))] += 1
            self._headings.append(self._measured(unit, None))
        elif _is_line(unit) and (kind := _number_kind(unit.text)):
            self._headings.append(self._measured(_as_heading(unit), kind))

    def levels(self) -> Iterator[int] | None:
        """The levels of the headings in their order; None where nothing shows their ranks."""
        has_title = self._has_title()
        ranks = _ranks_of(self._found(), has_title)
        if ranks is None:
            return None
        others = islice(self._found(), has_title, None)
        base = 1 if has_title or all(heading.level > 1 for heading in others) else 0
        return self._levels(ranks, base, has_title)

    def _levels(self, ranks: "_Ranks", base: int, has_title: bool) -> Iterator[int]:
        for index, heading in enumerate(self._found()):
            yield 1 if has_title and not index else min(_DEEPEST, ranks.of(heading) + base)

    def _measured(self, unit: Unit, missed: _NumberKind | None) -> _Heading:
        text, box = _plain(unit), unit.first.box
        size = 0.0 if box is None else heading_size(text, box, self._image(unit.first.page))
        order, depth = order_of(text), decimal_depth(text)
        return _Heading(size, order, depth, unit.level, len(text) >= _LONG, unit.page, missed)

    def _found(self) -> Iterator[_Heading]:
        """All headings."""
        return (each for each in self._headings if not each.missed or each.missed in self.alike)

    def _has_title(self) -> bool:
        """Whether the first heading is the title: on the first page and larger than all others."""
        first = next(self._found(), None)
        if first is None or first.page != self._first_page or first.is_numbered:
            return False
        others = islice(self._found(), 1, None)
        if first.size:
            return all(heading.size < _SAME_SIZE * first.size for heading in others)
        return first.level == 1 and all(heading.level != 1 for heading in others)


@dataclass(frozen=True, slots=True)
class _Ranks:
    """The rank of a heading from 1, by its number or its size."""

    #: Whether numbers decide.
    by_number: bool
    orders: Sequence[int]
    #: The usual size of each rank.
    sizes: Mapping[int, float]

    def of(self, heading: _Heading) -> int:
        """The rank of a heading."""
        if self.by_number and heading.order is not None:
            return self.orders.index(heading.order) + 1
        if self.by_number and heading.depth:
            return heading.depth + len(self.orders)
        known = self.sizes and (heading.size or not self.by_number)
        return _nearest(self.sizes, heading.size) if known else 1


def _nearest(ranks: Mapping[int, float], size: float) -> int:
    """The rank whose size is nearest to ``size``."""
    return min(ranks, key=lambda rank: abs(ranks[rank] - size))


def _ranks_of(headings: Iterable[_Heading], has_title: bool) -> _Ranks | None:
    """The ranks that numbers or sizes show; None where nothing does. The title has none."""
    sizes, long_sizes = array("d"), array("d")
    by_number: dict[tuple[int | None, int], array[float]] = {}
    count = numbered = unknown = 0
    for index, heading in enumerate(headings):
        sizes.append(heading.size)
        if has_title and not index:
            continue
        count, numbered = count + 1, numbered + heading.is_numbered
        unknown += not heading.size
        if heading.is_long:
            long_sizes.append(heading.size)
        if heading.is_numbered:
            key = (heading.order, heading.depth if heading.order is None else 0)
            by_number.setdefault(key, array("d")).append(heading.size)
    if numbered and numbered >= _MOSTLY * count:
        return _numbered_ranks(by_number)
    if not count or unknown:
        return None
    return _Ranks(False, (), _ranks(long_sizes or sizes))


def _numbered_ranks(found: Mapping[tuple[int | None, int], "array[float]"]) -> _Ranks:
    """Ranks by numbers; others have the rank of numbered headings of nearly the same size."""
    orders = sorted({order for order, _ in found if order is not None})
    usual = {}
    for (order, depth), sizes in found.items():
        known = [size for size in sizes if size]
        if known:
            rank = depth + len(orders) if order is None else orders.index(order) + 1
            usual[rank] = median(known)
    return _Ranks(True, orders, usual)


def _ranks(sizes: Iterable[float]) -> dict[int, float]:
    """The middle size of each rank; a clear step down begins a new rank."""
    groups: list[list[float]] = []
    for size in sorted(sizes, reverse=True):
        if not groups or size < _SAME_SIZE * groups[-1][0]:
            groups.append([])
        groups[-1].append(size)
    return {rank: median(group) for rank, group in enumerate(groups, start=1)}
