"""Removes running headers, footers and page numbers, also where an engine took them for text.

What recurs in the margins of many pages is furniture; headers may alternate between left and right
pages. ``--headers keep`` writes all of it where it stands.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from shared.document.structure.text.letters import letters
from shared.document.structure.units import Context, Unit

#: The margins end at these places of a scale of 999.
_TOP, _BOTTOM = 90, 909
#: Furniture recurs on at least so many pages, and on this part of those between its first and last.
_FEWEST_PAGES, _LEAST_SHARE = 3, 0.3
#: Without boxes, the first and last blocks of a page are compared more strictly.
_FEWEST_WITHOUT_BOX, _LEAST_SHARE_WITHOUT_BOX = 4, 0.8
_LONGEST = 160
#: The parts of a header on a first page end above this, and have at least so many letters; there
#: are at most so many of them.
_BANNER_BOTTOM, _BANNER_LENGTH, _MOST_PARTS = 200, 15, 6
#: The most frequent headers that such parts are compared with.
_MOST_HEADERS = 50
#: The header of the first page stands at most so far from those of at least so many others, and is
#: at most so high, on a scale of 999.
_SAME_PLACE, _FEWEST_HEADERS, _LINE = 4, 2, 20
_FEWEST_UNITS = 3
_NUMBER = re.compile(r"\d+")
_BARE_NUMBER = re.compile(r"[\W_]*(\d{1,4})[\W_]*")


def furniture(units: Sequence[Unit], context: Context) -> list[Unit]:
    """``units`` without furniture; with it as text where the render options keep it."""
    recurring = _recurring(units, context) | _banners(units) | _first_header(units)
    result = []
    for index, unit in enumerate(units):
        is_furniture = unit.kind == "furniture" or index in recurring
        if not is_furniture:
            result.append(unit)
        elif context.render.headers == "keep":
            result.append(replace(unit, kind="furniture"))
    return result


def _recurring(units: Sequence[Unit], context: Context) -> frozenset[int]:
    """Indices of units that are no furniture by their kind and recur in the margins."""
    groups: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for index in _at_edges(units):
        unit = units[index]
        in_margin = _in_margin(unit)
        if in_margin is False or len(unit.text) > _LONGEST:
            continue
        groups[_key(unit), in_margin is None].append(index)
    return frozenset(
        index
        for (key, without_box), members in groups.items()
        if _is_furniture(key, [units[index] for index in members], without_box, context)
        for index in members
    )


def _first_header(units: Sequence[Unit]) -> frozenset[int]:
    """The index of a line that stands on the first page where other pages have their header."""
    first = units[0].page if units else 0
    pages: dict[int, set[int]] = defaultdict(set)
    for unit in units:
        if unit.kind == "furniture" and unit.page != first and _is_line_at_top(unit):
            pages[_top(unit)].add(unit.page)
    places = [top for top, on in pages.items() if len(on) >= _FEWEST_HEADERS]
    members = [index for index, unit in enumerate(units[:_MOST_PARTS]) if unit.page == first]
    texts = [index for index in members if units[index].kind != "furniture"]
    return frozenset(
        index
        for index in texts[:1]
        if len(texts) > 1
        and units[index].kind == "text"
        and _is_line_at_top(units[index])
        and any(abs(_top(units[index]) - place) <= _SAME_PLACE for place in places)
    )


def _is_line_at_top(unit: Unit) -> bool:
    box = unit.first.box
    is_line = box is not None and box[3] < _TOP and box[3] - box[1] <= _LINE
    return is_line and len(unit.text) <= _LONGEST


def _top(unit: Unit) -> int:
    return unit.first.box[1] if unit.first.box else 0


def _banners(units: Sequence[Unit]) -> frozenset[int]:
    """Indices of the texts at the top of a page that are the running header of other pages.

    The first page of an issue has the parts of the header below each other.
    """
    pages: dict[str, set[int]] = defaultdict(set)
    for unit in units:
        if unit.kind == "furniture" and len(unit.text) <= _LONGEST:
            pages[letters(unit.text).casefold()].add(unit.page)
    known = [
        key for key, on in pages.items() if len(on) >= _FEWEST_PAGES and len(key) >= _BANNER_LENGTH
    ]
    known = sorted(known, key=lambda key: -len(pages[key]))[:_MOST_HEADERS]
    return frozenset(index for run in _top_runs(units) for index in _banner(units, run, known))


def _top_runs(units: Sequence[Unit]) -> Iterator[list[int]]:
    """Runs of text and headings at the top of one column."""
    run: list[int] = []
    for index, unit in enumerate(units):
        box = unit.first.box
        is_top = unit.kind in ("text", "heading") and box is not None and box[3] < _BANNER_BOTTOM
        if run and not (is_top and units[run[-1]].page == unit.page):
            yield run
            run = []
        if is_top:
            run.append(index)
    yield run


def _banner(units: Sequence[Unit], run: Sequence[int], known: Sequence[str]) -> Sequence[int]:
    """The longest part of ``run``, of two texts or more, that stands in a running header."""
    texts = {index: letters(units[index].text).casefold() for index in run}
    ends = {a: min(len(run), a + _MOST_PARTS) for a in range(len(run))}
    spans = [run[a:b] for a, end in ends.items() for b in range(end, a + 1, -1)]
    for span in sorted(spans, key=len, reverse=True):
        whole = "".join(texts[index] for index in span)
        fits = _BANNER_LENGTH <= len(whole) <= _LONGEST
        if fits and any(whole in key for key in known):
            return span
    return ()


def _at_edges(units: Sequence[Unit]) -> Iterator[int]:
    """Indices of the first two and the last two units of each page that are plain text.

    A page with little more than such text has no furniture: what recurs is all that it says.
    """
    for _, run in groupby(range(len(units)), key=lambda index: units[index].page):
        members = [index for index in run if units[index].kind != "furniture"]
        edges = members if len(members) <= 4 else members[:2] + members[-2:]
        if len(members) >= _FEWEST_UNITS:
            yield from (index for index in edges if units[index].kind in ("text", "heading"))


def _in_margin(unit: Unit) -> bool | None:
    """Whether the unit stands in the top or bottom margin; None where that is unknown."""
    box = unit.first.box
    if box is None:
        return None
    return box[3] < _TOP or box[1] > _BOTTOM


def _key(unit: Unit) -> str:
    """The text of a unit that is equal on all pages with the same furniture."""
    text = unit.text.lstrip("# ")
    return letters(_NUMBER.sub("0", text)).casefold() or text.strip()


def _is_furniture(key: str, members: Sequence[Unit], without_box: bool, context: Context) -> bool:
    pages = [context.position[unit.page] for unit in members]
    if len(set(pages)) != len(pages):
        return False
    fewest = _FEWEST_WITHOUT_BOX if without_box else _FEWEST_PAGES
    share = _LEAST_SHARE_WITHOUT_BOX if without_box else _LEAST_SHARE
    span = pages[-1] - pages[0] + 1
    if len(pages) < fewest or len(pages) < share * span:
        return False
    return key.strip("0") != "" or _counts_pages(members, context)


def _counts_pages(members: Sequence[Unit], context: Context) -> bool:
    """Whether bare numbers grow like page numbers."""
    offsets = set()
    for unit in members:
        number = _BARE_NUMBER.fullmatch(unit.text)
        if number is None:
            return False
        offsets.add(int(number[1]) - context.position[unit.page])
    return len(offsets) <= max(1, len(members) // 3)
