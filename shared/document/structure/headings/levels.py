"""Gives headings of one rank one level over the whole document.

The rank follows from the number of a heading, or from its font size where most have no number.
One heading is the title: the largest, if it is alone of its size at the beginning.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from statistics import median

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


def heading_levels(units: Sequence[Unit], context: Context) -> list[Unit]:
    """``units`` with consistent levels; unchanged where nothing shows the ranks."""
    units = _promoted(units)
    indices = [index for index, unit in enumerate(units) if unit.kind == "heading"]
    sizes = {index: _size(units[index], context) for index in indices}
    texts = {index: _plain(units[index]) for index in indices}
    title = _title(units, indices, sizes, texts)
    levels = _levels([index for index in indices if index != title], texts, sizes)
    if not levels:
        return list(units)
    base = 1 if title is not None or _keeps_room(units, levels) else 0
    result = list(units)
    for index in indices:
        level = 1 if index == title else min(_DEEPEST, levels.get(index, _DEEPEST) + base)
        result[index] = _with_level(units[index], level)
    return result


def _promoted(units: Sequence[Unit]) -> list[Unit]:
    """``units`` with short lines as headings that have the numbers of other headings."""
    kinds = Counter(_number_kind(_plain(unit)) for unit in units if unit.kind == "heading")
    alike = {kind for kind, count in kinds.items() if kind and count >= _FEWEST_ALIKE}
    return [_as_heading(unit) if _is_missed(unit, alike) else unit for unit in units]


def _number_kind(text: str) -> tuple[str, int] | None:
    order, depth = order_of(text), decimal_depth(text)
    if order is not None:
        return ("order", order) if order in _HEADING_ORDERS else None
    return ("decimal", depth) if depth > 1 else None


def _is_missed(unit: Unit, alike: Set[tuple[str, int] | None]) -> bool:
    short = len(unit.text) <= _LONGEST_PROMOTED and "\n" not in unit.text
    is_line = unit.kind == "text" and short and not ends_sentence(unit.text)
    return is_line and _number_kind(unit.text) in alike


def _as_heading(unit: Unit) -> Unit:
    return replace(unit, kind="heading", level=_DEEPEST, text=f"{'#' * _DEEPEST} {unit.text}")


def _with_level(unit: Unit, level: int) -> Unit:
    text = f"{'#' * level} {_HASHES.sub('', unit.text, count=1)}"
    return unit if level == unit.level else replace(unit, level=level, text=text)


def _plain(unit: Unit) -> str:
    return _HASHES.sub("", unit.text, count=1).strip(" *_")


def _size(unit: Unit, context: Context) -> float:
    box = unit.first.box
    if box is None:
        return 0.0
    image = context.pages[context.position[unit.first.page]].image
    return heading_size(_plain(unit), box, image)


def _title(
    units: Sequence[Unit],
    indices: Sequence[int],
    sizes: Mapping[int, float],
    texts: Mapping[int, str],
) -> int | None:
    """The index of the title: the first heading, if it is larger than all others."""
    if not indices or units[indices[0]].page != units[0].page:
        return None
    first = indices[0]
    others = [sizes[index] for index in indices[1:]]
    if decimal_depth(texts[first]) or order_of(texts[first]) is not None:
        return None
    if sizes[first]:
        return first if all(size < _SAME_SIZE * sizes[first] for size in others) else None
    alone = sum(units[index].level == 1 for index in indices) == 1
    return first if alone and units[first].level == 1 else None


def _keeps_room(units: Sequence[Unit], levels: Mapping[int, int]) -> bool:
    """Whether the engine left the first level to a title that the document does not have."""
    return all(units[index].level > 1 for index in levels)


def _levels(
    indices: Sequence[int], texts: Mapping[int, str], sizes: Mapping[int, float]
) -> dict[int, int]:
    """The rank of each heading from 1; {} where nothing shows it."""
    numbered = _numbered(indices, texts)
    if len(numbered) >= _MOSTLY * len(indices) and numbered:
        return numbered | _by_size(indices, numbered, sizes)
    if not indices or not all(sizes[index] for index in indices):
        return {}
    ranks = _ranks([sizes[i] for i in indices if len(texts[i]) >= _LONG] or list(sizes.values()))
    return {index: _nearest(ranks, sizes[index]) for index in indices}


def _nearest(ranks: Mapping[int, float], size: float) -> int:
    """The rank whose size is nearest to ``size``."""
    return min(ranks, key=lambda rank: abs(ranks[rank] - size))


def _numbered(indices: Sequence[int], texts: Mapping[int, str]) -> dict[int, int]:
    """The ranks that numbers give."""
    orders = {index: order_of(texts[index]) for index in indices}
    used = sorted({order for order in orders.values() if order is not None})
    levels: dict[int, int] = {}
    for index in indices:
        depth, order = decimal_depth(texts[index]), orders[index]
        if order is not None:
            levels[index] = used.index(order) + 1
        elif depth:
            levels[index] = depth + len(used)
    return levels


def _by_size(
    indices: Sequence[int], numbered: Mapping[int, int], sizes: Mapping[int, float]
) -> dict[int, int]:
    """Headings without a number have the rank of numbered ones of nearly the same size."""
    known: dict[int, list[float]] = defaultdict(list)
    for index, level in numbered.items():
        if sizes[index]:
            known[level].append(sizes[index])
    usual = {level: median(found) for level, found in known.items()}
    return {
        index: _nearest(usual, sizes[index]) if usual and sizes[index] else 1
        for index in indices
        if index not in numbered
    }


def _ranks(sizes: Sequence[float]) -> dict[int, float]:
    """The middle size of each rank; a clear step down begins a new rank."""
    groups: list[list[float]] = []
    for size in sorted(sizes, reverse=True):
        if not groups or size < _SAME_SIZE * groups[-1][0]:
            groups.append([])
        groups[-1].append(size)
    return {rank: median(group) for rank, group in enumerate(groups, start=1)}
