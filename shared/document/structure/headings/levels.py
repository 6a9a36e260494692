"""Gives headings of one rank one level over the whole document.

The rank follows from the number of a heading, or from its font size where most have no number.
One heading is the title: the largest, if it is alone of its size at the beginning.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from statistics import median

from shared.document.structure.headings.numbers import IN_PARENTHESES, decimal_depth, order_of
from shared.document.structure.headings.sizes import heading_size
from shared.document.structure.text.sentences import ends_sentence
from shared.document.structure.units import Context, Unit

#: Headings whose sizes differ by less than this factor have one rank.
_SAME_SIZE = 0.9
#: Estimated sizes of headings that look alike differ by less than this factor.
_ALIKE = 0.7
#: Characters of a title at most.
_LONGEST_TITLE = 120
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
_DOTTED = re.compile(r"\d{1,3}\.\s")
_LETTER = re.compile(r"\([a-z]{1,2}\)\s")
_HASHES = re.compile(r" {0,3}#{1,6}[ \t]+")


def heading_levels(units: Sequence[Unit], context: Context) -> list[Unit]:
    """``units`` with consistent levels; unchanged where nothing shows the ranks."""
    units = _promoted(_with_title_page(units, context))
    indices = [index for index, unit in enumerate(units) if unit.kind == "heading"]
    sizes = _even(units, {index: _size(units[index], context) for index in indices})
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


def _with_title_page(units: Sequence[Unit], context: Context) -> list[Unit]:
    """``units`` with the first text as a heading where a title page shows it in large letters."""
    first = units[0] if units else None
    if first is None or first.kind != "text" or not _is_large(first, units, context):
        return list(units)
    text = f"# {' '.join(first.text.split())}"
    return [replace(first, kind="heading", level=1, text=text), *units[1:]]


def _is_large(first: Unit, units: Sequence[Unit], context: Context) -> bool:
    """Whether ``first`` is short and larger than all headings, of which its page has none."""
    size, page = _size(first, context), first.page
    is_line = len(first.text) <= _LONGEST_TITLE and not ends_sentence(first.text)
    headings = [unit for unit in units if unit.kind == "heading"]
    if not size or not is_line or not headings or any(unit.page == page for unit in headings):
        return False
    return all(_size(unit, context) < _SAME_SIZE * size for unit in headings)


def _even(units: Sequence[Unit], sizes: Mapping[int, float]) -> dict[int, float]:
    """``sizes`` with one size for the headings of a page to which the engine gave one level.

    A size is an estimate; an engine that saw the page knows which headings look alike.
    """
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index in sizes:
        groups[units[index].page, units[index].level].append(index)
    result = dict(sizes)
    for members in groups.values():
        found = [sizes[index] for index in members]
        if min(found) > _ALIKE * max(found):
            result |= dict.fromkeys(members, median(found))
    return _filled(units, result)


def _filled(units: Sequence[Unit], sizes: Mapping[int, float]) -> dict[int, float]:
    """``sizes`` with those of headings of the same level where one has no box."""
    known: dict[int, list[float]] = defaultdict(list)
    for index, size in sizes.items():
        if size:
            known[units[index].level].append(size)
    usual = {level: median(found) for level, found in known.items()}
    return {index: size or usual.get(units[index].level, 0.0) for index, size in sizes.items()}


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
        largest = all(size < _SAME_SIZE * sizes[first] for size in others)
        return first if largest or _is_only_title(units, indices) else None
    alone = sum(units[index].level == 1 for index in indices) == 1
    return first if alone and units[first].level == 1 else None


def _is_only_title(units: Sequence[Unit], indices: Sequence[int]) -> bool:
    """Whether the engine calls the first heading, and no other one, a title."""
    return [index for index in indices if units[index].is_title] == [indices[0]]


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
    levels = {index: _nearest(ranks, sizes[index]) for index in indices}
    return levels | _by_depth(levels, texts, sizes)


def _by_depth(
    levels: Mapping[int, int], texts: Mapping[int, str], sizes: Mapping[int, float]
) -> dict[int, int]:
    """One level for "(a)", "(b)"; one for numbers of one depth, below those with fewer parts.

    A heading of a clearly different size belongs to another series of numbers.
    """
    series: dict[tuple[bool, int], list[int]] = defaultdict(list)
    for index in levels:
        if depth := decimal_depth(texts[index]):
            series[_DOTTED.match(texts[index]) is not None, depth].append(index)
        elif _LETTER.match(texts[index]):
            series[True, 0].append(index)
    result: dict[int, int] = {}
    above = {True: 0, False: 0}
    for dotted, depth in sorted(series):
        found = series[dotted, depth]
        usual = median(sizes[index] for index in found)
        alike = [i for i in found if _ALIKE * sizes[i] < usual < sizes[i] / _ALIKE]
        if not alike:
            continue
        level = round(median(levels[index] for index in alike))
        above[dotted] = max(level, above[dotted] + 1) if depth else level
        result |= dict.fromkeys(alike, above[dotted])
    return result


def _nearest(ranks: Mapping[int, float], size: float) -> int:
    """The rank whose size is nearest to ``size``."""
    return min(ranks, key=lambda rank: abs(ranks[rank] - size))


def _numbered(indices: Sequence[int], texts: Mapping[int, str]) -> dict[int, int]:
    """The ranks that numbers give."""
    orders = {index: order_of(texts[index]) for index in indices}
    depths = {index: decimal_depth(texts[index]) for index in indices if orders[index] is None}
    deepest = max(depths.values(), default=0)
    used = sorted({order for order in orders.values() if order is not None})
    above = [order for order in used if not (deepest and order == IN_PARENTHESES)]
    levels: dict[int, int] = {}
    for index in indices:
        order = orders[index]
        if order is not None:
            levels[index] = above.index(order) + 1 if order in above else len(above) + deepest + 1
        elif depths[index]:
            levels[index] = depths[index] + len(above)
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
