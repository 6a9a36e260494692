"""Gives headings of one rank one level over the whole document.

The rank follows from the number of a heading, or from its font size where most have no number.
One heading is the title: the largest, if it is alone of its size at the beginning.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from functools import cached_property

from shared.document.spool import Spool
from shared.document.structure.headings.numbers import decimal_depth, order_of
from shared.document.structure.headings.ranks import SAME_SIZE, levels_of
from shared.document.structure.headings.sizes import heading_size
from shared.document.structure.headings.table import Heading, HeadingTable, NumberKind
from shared.document.structure.text.sentences import ends_sentence
from shared.document.structure.units import Context, Unit, read_units

#: A title has at most this many characters.
_LONGEST_TITLE = 120
_DEEPEST = 6
#: A heading that an engine took for text has at most so many characters.
_LONGEST_PROMOTED = 40
#: A kind of number is one of headings if at least so many have it.
_FEWEST_ALIKE = 2
#: Orders of ``numbers.order_of`` whose numbers are rarely those of list items.
_HEADING_ORDERS = frozenset(range(5))
_HASHES = re.compile(r" {0,3}#{1,6}[ \t]+")


def heading_levels(units: Iterable[Unit], context: Context) -> Iterator[Unit]:
    """``units`` with consistent levels; unchanged where nothing shows the ranks."""
    survey = _Survey(context)
    kept = read_units(units, survey.add)
    levels = levels_of(survey.table())
    if levels is None:
        yield from kept
        return
    remaining = iter(levels)
    for index, unit in enumerate(kept):
        changed = _as_title(unit) if not index and survey.has_title_page else unit
        changed = _as_heading(changed) if _is_missed_heading(changed, survey.alike) else changed
        if changed.kind == "heading":
            changed = _with_level(changed, min(_DEEPEST, next(remaining)))
        yield changed


def _number_kind(text: str) -> NumberKind | None:
    order, depth = order_of(text), decimal_depth(text)
    if order is not None:
        return ("order", order) if order in _HEADING_ORDERS else None
    return ("decimal", depth) if depth > 1 else None


def _is_missed_heading(unit: Unit, alike: Container[NumberKind | None]) -> bool:
    """Whether an engine took a heading for text: it has the number of other headings."""
    return _is_line(unit) and _number_kind(unit.text) in alike


def _is_line(unit: Unit) -> bool:
    short = len(unit.text) <= _LONGEST_PROMOTED and "\n" not in unit.text
    return unit.kind == "text" and short and not ends_sentence(unit.text)


def _as_heading(unit: Unit) -> Unit:
    return unit._replace(kind="heading", level=_DEEPEST, text=f"{'#' * _DEEPEST} {unit.text}")


def _as_title(unit: Unit) -> Unit:
    return unit._replace(kind="heading", level=1, text=f"# {' '.join(unit.text.split())}")


def _with_level(unit: Unit, level: int) -> Unit:
    text = f"{'#' * level} {_HASHES.sub('', unit.text, count=1)}"
    return unit if level == unit.level else unit._replace(level=level, text=text)


def _plain(unit: Unit) -> str:
    return _HASHES.sub("", unit.text, count=1).strip(" *_")


class _Survey:
    """Collects the headings of a document, and the lines that may be headings."""

    def __init__(self, context: Context) -> None:
        self._image = context.pages.image
        self._first: Unit | None = None
        self._kinds: Counter[NumberKind | None] = Counter()
        self._headings = Spool[Heading]()
        #: The size of the largest heading, and the page of the first one.
        self._largest = 0.0
        self._first_heading_page: int | None = None

    @cached_property
    def alike(self) -> frozenset[NumberKind | None]:
        """Kinds of numbers that several headings have."""
        kinds = self._kinds.items()
        return frozenset(kind for kind, count in kinds if kind and count >= _FEWEST_ALIKE)

    @cached_property
    def has_title_page(self) -> bool:
        """Whether the first text is short and larger than all headings; its page has none."""
        first, page = self._first, self._first_heading_page
        if first is None or first.kind != "text" or page is None or page == first.page:
            return False
        is_line = len(first.text) <= _LONGEST_TITLE and not ends_sentence(first.text)
        size = self._size(first) if is_line else 0.0
        return size > 0 and self._largest < SAME_SIZE * size

    def add(self, unit: Unit) -> None:
        """Note a unit that is a heading or may be one; all are added before ``table``."""
        if self._first is None:
            self._first = unit
        if unit.kind == "heading":
            self._add_heading(unit)
        elif _is_line(unit) and unit is not self._first and (kind := _number_kind(unit.text)):
            self._headings.append(self._measured(_as_heading(unit), kind))

    def table(self) -> HeadingTable:
        """All headings in their order."""
        table = HeadingTable(self._first.page if self._first else 0)
        for heading in self._at_beginning():
            table.add(heading)
        for heading in self._headings:
            if not heading.missed or heading.missed in self.alike:
                table.add(heading)
        return table

    def _add_heading(self, unit: Unit) -> None:
        heading = self._measured(unit, None)
        self._kinds[_number_kind(_plain(unit))] += 1
        self._largest = max(self._largest, heading.size)
        if self._first_heading_page is None:
            self._first_heading_page = unit.page
        self._headings.append(heading)

    def _at_beginning(self) -> Iterator[Heading]:
        """The first unit, where it is a text that becomes a heading."""
        if self._first is None or self._first.kind != "text":
            return
        if self.has_title_page:
            yield self._measured(_as_title(self._first), None)
        elif _is_missed_heading(self._first, self.alike):
            yield self._measured(_as_heading(self._first), None)

    def _measured(self, unit: Unit, missed: NumberKind | None) -> Heading:
        text = _plain(unit)
        return Heading(self._size(unit), text, unit.level, unit.page, unit.is_title, missed)

    def _size(self, unit: Unit) -> float:
        box = unit.first.box
        return 0.0 if box is None else heading_size(_plain(unit), box, self._image(unit.first.page))
