"""Removes running headers, footers and page numbers, also where an engine took them for text.

What recurs in the margins of many pages is furniture; headers may alternate between left and right
pages. ``--headers keep`` writes all of it where it stands.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.document.structure.furniture.margin_rows import MarginRows, outermost
from shared.document.structure.furniture.running_headers import RunningHeaders
from shared.document.structure.text.letters import letters
from shared.document.structure.units import Context, Unit, by_page, read_pages
from shared.domain.records.page_result import BBox

#: The margins end at these places of a scale of 999.
_TOP, _BOTTOM = 90, 909
#: Furniture recurs on at least so many pages, and on this part of those between its first and last.
_FEWEST_PAGES, _LEAST_SHARE = 3, 0.3
#: Without boxes, the first and last blocks of a page are compared more strictly.
_FEWEST_WITHOUT_BOX, _LEAST_SHARE_WITHOUT_BOX = 4, 0.8
_LONGEST = 160
_FEWEST_UNITS = 3
#: Furniture of two parts of a document, with so many pages between them, is judged separately.
_HORIZON = 1000
_NUMBER = re.compile(r"\d+")
_BARE_NUMBER = re.compile(r"[\W_]*(\d{1,4})[\W_]*")


def furniture(units: Iterable[Unit], context: Context) -> Iterator[Unit]:
    """``units`` without furniture; with it as text where the render options keep it."""
    recurring, headers, rows = _Recurring(context), RunningHeaders(), MarginRows()

    def see(page: list[Unit]) -> None:
        recurring.add_page(page)
        rows.add(page)

    pages = read_pages(headers.seen(by_page(units)), see)
    recurring.end()
    for position, page in enumerate(pages):
        edges = {index for index, unit in _at_edges(page) if recurring.has(unit)}
        edges |= headers.parts_on(page) | rows.parts_on(page)
        edges |= set() if position else headers.line_on_first(page)
        for index, unit in enumerate(page):
            if index not in edges and unit.kind != "furniture":
                yield unit
            elif context.render.headers == "keep":
                yield unit._replace(kind="furniture")


class _Edge(NamedTuple):
    """A unit at the edge of a page; ``in_margin`` is None where it has no box."""

    unit: Unit
    in_margin: bool | None


def _at_edges(page: Sequence[Unit]) -> Iterator[tuple[int, _Edge]]:
    """What is plain text of the first two and last two units, and of the outermost rows.

    A page with little more than such text has no furniture: what recurs is all that it says.
    """
    members = [index for index, unit in enumerate(page) if unit.kind != "furniture"]
    edges = members if len(members) <= 4 else members[:2] + members[-2:]
    rows = outermost(page)
    if len(members) < _FEWEST_UNITS:
        return
    for index in sorted({*edges, *rows}):
        unit = page[index]
        if unit.kind in ("text", "heading"):
            yield index, _Edge(unit, True if index in rows else _in_margin(unit))


def _in_margin(unit: Unit) -> bool | None:
    box = unit.first.box
    return None if box is None else box[3] < _TOP or box[1] > _BOTTOM


def _key(unit: Unit) -> str:
    """The text of a unit that is equal on all pages with the same furniture."""
    text = unit.text.lstrip("# ")
    return letters(_NUMBER.sub("0", text)).casefold() or text.strip()


@dataclass(slots=True)
class _Group:
    """Units with one key in the margins, or at the edges of pages without boxes."""

    without_box: bool
    first: int
    last: int
    count: int = 1
    #: Whether a page has two of them, not beside each other.
    is_twice: bool = False
    #: The box of the last one.
    row: BBox | None = None
    #: Distances of bare numbers from the positions of their pages; None if a unit is no number.
    offsets: set[int] | None = None

    def is_furniture(self, key: str) -> bool:
        """Whether the units recur often enough."""
        fewest = _FEWEST_WITHOUT_BOX if self.without_box else _FEWEST_PAGES
        share = _LEAST_SHARE_WITHOUT_BOX if self.without_box else _LEAST_SHARE
        span = self.last - self.first + 1
        if self.is_twice or self.count < fewest or self.count < share * span:
            return False
        return key.strip("0") != "" or self._counts_pages()

    def _counts_pages(self) -> bool:
        """Whether bare numbers grow like page numbers."""
        return self.offsets is not None and len(self.offsets) <= max(1, self.count // 3)


_Key = tuple[str, bool]


def _is_same_row(box: BBox | None, unit: Unit) -> bool:
    other = unit.first.box
    return box is not None and other is not None and box[1] < other[3] and other[1] < box[3]


class _Recurring:
    """Collects what stands at the edges of pages, and tells which of it is furniture.

    A group that no page has added to for many pages is judged and forgotten, so that the texts of
    a few pages only are in memory.
    """

    def __init__(self, context: Context) -> None:
        self._position = context.pages.position
        #: In the order of their last pages.
        self._groups: dict[_Key, _Group] = {}
        #: Positions of the first and the last page of groups that are furniture.
        self._found: dict[_Key, list[tuple[int, int]]] = defaultdict(list)

    def add_page(self, page: Sequence[Unit]) -> None:
        """Collect the edges of a page."""
        for _, edge in _at_edges(page):
            key = _group_key(edge)
            if key is not None:
                self._add(key, edge.unit, self._position(edge.unit.page))
        if page:
            self._forget(self._position(page[0].page) - _HORIZON)

    def end(self) -> None:
        """Judge the groups that are left; all pages were added."""
        self._forget(None)

    def has(self, edge: _Edge) -> bool:
        """Whether a unit at the edge of its page is furniture."""
        found = self._found.get(key) if (key := _group_key(edge)) else None
        if not found:
            return False
        position = self._position(edge.unit.page)
        return any(first <= position <= last for first, last in found)

    def _add(self, key: _Key, unit: Unit, position: int) -> None:
        number = _BARE_NUMBER.fullmatch(unit.text)
        offset = int(number[1]) - position if number else None
        group = self._groups.pop(key, None)
        if group is None:
            group = _Group(key[1], position, position, offsets=set())
        elif group.last != position:
            group.last, group.count = position, group.count + 1
        elif not _is_same_row(group.row, unit):
            group.is_twice = True
        if offset is None:
            group.offsets = None
        elif group.offsets is not None:
            group.offsets.add(offset)
        group.row = unit.first.box
        self._groups[key] = group

    def _forget(self, before: int | None) -> None:
        """Judge and forget the groups whose last page is before the position ``before``."""
        while self._groups:
            key, group = next(iter(self._groups.items()))
            if before is not None and group.last >= before:
                return
            del self._groups[key]
            if group.is_furniture(key[0]):
                self._found[key].append((group.first, group.last))


def _group_key(edge: _Edge) -> _Key | None:
    """The key of a unit and whether it has no box; None for one that is no furniture."""
    if edge.in_margin is False or len(edge.unit.text) > _LONGEST:
        return None
    return _key(edge.unit), edge.in_margin is None
