"""Computes the levels of all headings of a document from their numbers or their sizes.

Everything is kept in arrays, because a document may have hundreds of thousands of headings.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from statistics import median
from typing import TypeVar

from shared.document.structure.headings.numbers import IN_PARENTHESES
from shared.document.structure.headings.table import NO_ORDER, HeadingTable

#: Headings whose sizes differ by less than this factor have one rank.
SAME_SIZE = 0.9
#: Estimated sizes of headings that look alike differ by less than this factor.
_ALIKE = 0.7
#: Part of the headings with numbers from which on numbers decide.
_MOSTLY = 0.5

Sizes = Sequence[float]
_Number = TypeVar("_Number", int, float)


def levels_of(table: HeadingTable) -> "array[int] | None":
    """The level of each heading from 1, not limited; None where nothing shows the ranks."""
    sizes = _even(table)
    has_title = _has_title(table, sizes)
    others = range(has_title, len(table))
    levels = _ranks(table, others, sizes)
    if levels is None:
        return None
    # The engine may have left the first level to a title that the document does not have.
    base = has_title or all(table.levels[index] > 1 for index in others)
    for index in others:
        levels[index] += base
    return _without_gaps(levels)


def _without_gaps(levels: "array[int]") -> "array[int]":
    """``levels`` from 1 or 2 on without unused ones between them."""
    used = sorted(set(levels))
    first = min(used[0], 2)
    places = {level: first + place for place, level in enumerate(used)}
    return array("H", map(places.__getitem__, levels))


def _even(table: HeadingTable) -> "array[float]":
    """The sizes, with one size for the headings of a page to which the engine gave one level.

    A size is an estimate; an engine that saw the page knows which headings look alike.
    """
    sizes = array("d", table.sizes)
    for _, run in groupby(range(len(table)), key=table.pages.__getitem__):
        alike: dict[int, list[int]] = defaultdict(list)
        for index in run:
            alike[table.levels[index]].append(index)
        for members in alike.values():
            found = [sizes[index] for index in members]
            if min(found) > _ALIKE * max(found):
                _set(sizes, members, median(found))
    return _filled(table, sizes)


def _filled(table: HeadingTable, sizes: "array[float]") -> "array[float]":
    """``sizes`` with those of headings of the same level where one has no box."""
    known: dict[int, array[float]] = defaultdict(lambda: array("d"))
    for level, size in zip(table.levels, sizes, strict=True):
        if size:
            known[level].append(size)
    usual = {level: median(found) for level, found in known.items()}
    pairs = zip(table.levels, sizes, strict=True)
    return array("d", (size or usual.get(level, 0.0) for level, size in pairs))


def _has_title(table: HeadingTable, sizes: Sizes) -> bool:
    """Whether the first heading is the title: on the first page and larger than all others.

    The first heading is one too where the engine calls it, and no other one, a title.
    """
    if not len(table) or table.pages[0] != table.first_page or table.is_numbered(0):
        return False
    others = range(1, len(table))
    if sizes[0]:
        largest = all(sizes[index] < SAME_SIZE * sizes[0] for index in others)
        return largest or bool(table.titles[0] and sum(table.titles) == 1)
    return table.levels[0] == 1 and table.levels.count(1) == 1


def _ranks(table: HeadingTable, others: range, sizes: Sizes) -> "array[int] | None":
    """The rank of each of ``others`` from 1, of the title 1; None where nothing shows it."""
    numbered = sum(map(table.is_numbered, others))
    if numbered and numbered >= _MOSTLY * len(others):
        return _by_number(table, others, sizes)
    if not others or not all(sizes[index] for index in others):
        return None
    exact = array("d", (sizes[index] for index in others if table.long[index]))
    ranks = _size_ranks(exact or sizes)
    levels = array("H", [1]) * len(table)
    for index in others:
        levels[index] = _nearest(ranks, sizes[index])
    _set_by_depth(table, others, sizes, levels)
    return levels


def _set_by_depth(table: HeadingTable, others: range, sizes: Sizes, levels: "array[int]") -> None:
    """Set one level for "(a)", "(b)"; one for numbers of one depth, below those with fewer parts.

    A heading of a clearly different size belongs to another series of numbers.
    """
    above = {True: 0, False: 0}
    for (dotted, depth), found in sorted(_series(table, others).items()):
        usual = median(sizes[index] for index in found)
        alike = [i for i in found if _ALIKE * sizes[i] < usual < sizes[i] / _ALIKE]
        if not alike:
            continue
        level = round(median(levels[index] for index in alike))
        above[dotted] = max(level, above[dotted] + 1) if depth else level
        _set(levels, alike, above[dotted])


def _series(table: HeadingTable, others: range) -> dict[tuple[bool, int], "array[int]"]:
    """The headings of each series: with or without a dot, and the depth; 0 for letters."""
    series: dict[tuple[bool, int], array[int]] = defaultdict(lambda: array("L"))
    for index in others:
        if table.depths[index]:
            series[bool(table.dotted[index]), table.depths[index]].append(index)
        elif table.lettered[index]:
            series[True, 0].append(index)
    return series


def _by_number(table: HeadingTable, others: range, sizes: Sizes) -> "array[int]":
    """The ranks that numbers give; others have that of numbered ones of nearly the same size."""
    levels = _numbered(table, others)
    known: dict[int, array[float]] = defaultdict(lambda: array("d"))
    for index in others:
        if levels[index] and sizes[index]:
            known[levels[index]].append(sizes[index])
    usual = {level: median(found) for level, found in known.items()}
    for index in range(len(table)):
        if not levels[index]:
            is_known = usual and sizes[index] and index in others
            levels[index] = _nearest(usual, sizes[index]) if is_known else 1
    return levels


def _numbered(table: HeadingTable, others: range) -> "array[int]":
    """The rank of each heading with a number; 0 for others."""
    plain = [table.depths[index] for index in others if table.orders[index] == NO_ORDER]
    deepest = max(plain, default=0)
    used = sorted({table.orders[index] for index in others} - {NO_ORDER})
    above = [order for order in used if not (deepest and order == IN_PARENTHESES)]
    levels = array("H", [0]) * len(table)
    for index in others:
        order = table.orders[index]
        if order in above:
            levels[index] = above.index(order) + 1
        elif order != NO_ORDER:
            levels[index] = len(above) + deepest + 1
        elif table.depths[index]:
            levels[index] = table.depths[index] + len(above)
    return levels


def _set(column: "array[_Number]", members: Iterable[int], value: _Number) -> None:
    for index in members:
        column[index] = value


def _nearest(ranks: Mapping[int, float], size: float) -> int:
    """The rank whose size is nearest to ``size``."""
    return min(ranks, key=lambda rank: abs(ranks[rank] - size))


def _size_ranks(sizes: Iterable[float]) -> dict[int, float]:
    """The middle size of each rank; a clear step down begins a new rank."""
    groups: list[array[float]] = []
    for size in sorted(sizes, reverse=True):
        if not groups or size < SAME_SIZE * groups[-1][0]:
            groups.append(array("d"))
        groups[-1].append(size)
    return {rank: median(group) for rank, group in enumerate(groups, start=1)}
