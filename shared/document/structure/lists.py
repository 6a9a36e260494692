"""Nests the items of lists by their left edges and labels, also over pages and columns.

A paragraph with the number after that of an item is an item too. Further paragraphs of an item are
indented under it. A footnote between two items moves to the end of the list, because a block at the
margin would end the list.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.document.structure.columns import Columns
from shared.document.structure.text.marks import page_mark
from shared.document.structure.units import FIGURE_LINK, Context, Join, Unit, UnitKind, read_units

#: A mark further right than this, on a scale of 999, begins a deeper list.
_DEEPER = 10
#: Labels of one kind may be aligned at their right, so that their left edges differ.
_SAME_LABEL = 25
#: A paragraph of an item begins at least this far right of its mark.
_PARAGRAPH = 5
#: Pages of one list at most: all its parts stand in the text of its first page.
MOST_PAGES = 100
#: Spaces of indentation for each level.
_STEP = 4
_DOUBLE = re.compile(r"(\d{1,3}[.)]) +(?=\S)")
#: A number that the engine wrote as text, because its paragraph alone is no list.
_NUMBERED_TEXT = re.compile(r"(?P<number>\d{1,3})\\(?P<sign>[.)]) +(?=\S)")
_NUMBERED_KINDS: frozenset[UnitKind] = frozenset({"text", "equation"})
_ROMAN = re.compile(r"\(?[ivxl]{1,6}[.)]")
_LETTER = re.compile(r"\(?[a-zA-Z][.)]")
_NUMBER = re.compile(r"\(?\d{1,3}[.)]")
_LABELS = ((_ROMAN, "roman"), (_LETTER, "letter"), (_NUMBER, "number"))


@dataclass(frozen=True, slots=True)
class _Open:
    """An open item: the inset of its mark, its label with the number, and its indentations."""

    inset: int
    label: str
    number: int | None
    indent: int
    content: int

    def is_followed_by(self, number: int | None) -> bool:
        """Whether ``number`` is the next one."""
        return self.number is not None and number == self.number + 1


def lists(units: Iterable[Unit], context: Context) -> Iterator[Unit]:
    """``units`` with the indentation of each item and of its paragraphs."""
    columns = Columns(context)
    kept = read_units(units, columns.add)
    columns.measure()
    return _Nesting(columns, context).nested(kept)


class _Nesting:
    """The lists that are open while the units are read in order."""

    def __init__(self, columns: Columns, context: Context) -> None:
        self._columns = columns
        self._context = context
        self._open: list[_Open] = []
        self._notes: list[Unit] = []
        #: The pages of the last items with each mark.
        self._pages_of_marks: dict[str, int] = {}
        #: The last part of the open list.
        self._last: Unit | None = None
        #: What no later unit changes.
        self._ready: list[Unit] = []

    def nested(self, units: Iterable[Unit]) -> Iterator[Unit]:
        """All units, the parts of lists indented."""
        before: Unit | None = None
        for unit in units:
            self._add(unit, before)
            before = unit
            yield from self._ready
            self._ready = []
        self._end()
        yield from self._ready

    def _add(self, unit: Unit, before: Unit | None) -> None:
        unit = self._as_next_item(unit)
        inset = self._columns.inset(unit)
        if unit.kind == "item" and inset is not None and FIGURE_LINK not in unit.text:
            shares = before is not None and before.kind == "item" and before.places == unit.places
            self._add_item(unit, inset, shares)
        elif self._open and unit.kind == "footnote":
            self._notes.append(unit)
        elif self._belongs(unit, inset):
            self._add_paragraph(unit, inset or 0)
        else:
            self._end()
            self._ready.append(unit)

    def _as_next_item(self, unit: Unit) -> Unit:
        match = _NUMBERED_TEXT.match(unit.text) if unit.kind in _NUMBERED_KINDS else None
        if match is None:
            return unit
        page = self._pages_of_marks.get(f"{int(match['number']) - 1}{match['sign']}")
        if page not in (unit.page, unit.page - 1):
            return unit
        marker = match["number"] + match["sign"]
        return unit._replace(kind="item", marker=marker, text=unit.text[match.end() :])

    def _end(self) -> None:
        self._open = []
        if self._last is not None:
            self._ready.append(self._last)
        self._last = None
        self._ready += self._notes
        self._notes = []

    def _add_item(self, unit: Unit, inset: int, shares_block: bool) -> None:
        unit = _with_number(unit)
        label = _label(unit)
        if self._last is not None and self._context.follows(self._last.page, unit.page):
            self._close_deeper(inset, label, _number(unit))
        else:
            self._end()
        if shares_block and self._open:
            # The engine indented the items of one block; only the first has a place of its own.
            inset = self._open[-1].inset
        indent = self._open[-1].content if self._open else 0
        width = max(_STEP, len(unit.marker) + 1)
        self._pages_of_marks[unit.marker] = unit.page
        self._append(unit._replace(level=indent))
        self._open.append(_Open(inset, label, _number(unit), indent, indent + width))

    def _close_deeper(self, inset: int, label: str, number: int | None) -> None:
        """Close the items that the new one is not nested in."""
        near = [
            (abs(other.inset - inset), -index)
            for index, other in enumerate(self._open)
            if other.is_followed_by(number) and abs(other.inset - inset) <= _SAME_LABEL
        ]
        if near:
            del self._open[-min(near)[1] :]
            return
        for index in range(len(self._open) - 1, -1, -1):
            other = self._open[index]
            # A number that does not follow begins a list of its own where it is further right.
            same_label = other.label == label not in ("bullet", "number")
            if same_label and abs(other.inset - inset) <= _SAME_LABEL:
                del self._open[index:]
                return
            if inset > other.inset + _DEEPER:
                return
            del self._open[index]

    def _belongs(self, unit: Unit, inset: int | None) -> bool:
        """Whether the unit is a further paragraph of an open item."""
        if not self._open or inset is None or unit.kind != "text" or FIGURE_LINK in unit.text:
            return False
        if self._last is not None and self._is_far(self._last, unit):
            return False
        return inset > self._open[0].inset + _PARAGRAPH and inset > _DEEPER

    def _is_far(self, last: Unit, unit: Unit) -> bool:
        position = self._context.pages.position
        return position(unit.page) - position(last.page) > MOST_PAGES

    def _add_paragraph(self, unit: Unit, inset: int) -> None:
        while inset <= self._open[-1].inset + _PARAGRAPH:
            self._open.pop()
        self._append(unit._replace(level=self._open[-1].content, lead="\n\n"))

    def _append(self, unit: Unit) -> None:
        """Add a part of a list to the page of its beginning, with the anchor of its page."""
        before = self._last
        if before is not None and self._open:
            if before.last.page != unit.first.page and unit.page != before.page:
                self._context.joins.append(Join("list", before.last, unit.first))
                before = before._replace(text=before.text + page_mark(unit.page))
            unit = unit._replace(page=before.page)
        if before is not None:
            self._ready.append(before)
        self._last = unit


def _with_number(unit: Unit) -> Unit:
    """An item whose text begins with a number has that number as its mark."""
    double = _DOUBLE.match(unit.text)
    if unit.marker not in "-*+" or double is None:
        return unit
    return unit._replace(marker=double[1], text=unit.text[double.end() :])


def _number(unit: Unit) -> int | None:
    """The number of an item with the label "number"."""
    word = unit.text.split(" ", 1)[0] if unit.marker in "-*+" else unit.marker
    return int(word.strip("(.)")) if _NUMBER.fullmatch(word) else None


def _label(unit: Unit) -> str:
    text = unit.text if unit.marker in "-*+" else unit.marker
    word = text.split(" ", 1)[0]
    return next((label for pattern, label in _LABELS if pattern.fullmatch(word)), "bullet")
