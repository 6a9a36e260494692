"""What shows the ranks of headings: a few bytes about every heading of a document."""

import re
from array import array
from typing import NamedTuple

from shared.document.structure.headings.numbers import decimal_depth, order_of

#: A kind of number: its name, and an order or a depth.
NumberKind = tuple[str, int]
#: The order of a heading that has none.
NO_ORDER = -1
#: The size of a shorter heading is not exact.
_LONG = 8
_DOTTED = re.compile(r"\d{1,3}\.\s")
_LETTER = re.compile(r"\([a-z]{1,2}\)\s")


class Heading(NamedTuple):
    """A heading as it was read."""

    #: The font size; 0 if unknown.
    size: float
    #: Without marks of Markdown.
    text: str
    #: The level that the engine gave it.
    level: int
    page: int
    #: Whether the engine calls it a title.
    is_title: bool = False
    #: The kind of its number, if it is a line that is no heading by itself.
    missed: NumberKind | None = None


class HeadingTable:
    """One column for each fact; the headings are in their order."""

    def __init__(self, first_page: int) -> None:
        """``first_page``: the page of the first unit."""
        self.first_page = first_page
        self.sizes = array("d")
        #: The place of the numbering among the known orders, or NO_ORDER.
        self.orders = array("b")
        #: The number of parts of a decimal number; 0 without one.
        self.depths = bytearray()
        #: 1 for a number with a dot and a space after it.
        self.dotted = bytearray()
        #: 1 for "(a)".
        self.lettered = bytearray()
        #: 1 where the size is exact.
        self.long = bytearray()
        self.levels = bytearray()
        self.titles = bytearray()
        self.pages = array("Q")

    def __len__(self) -> int:
        return len(self.sizes)

    def add(self, heading: Heading) -> None:
        """Add the next heading."""
        text, order = heading.text, order_of(heading.text)
        self.sizes.append(heading.size)
        self.orders.append(NO_ORDER if order is None else order)
        self.depths.append(decimal_depth(text))
        self.dotted.append(_DOTTED.match(text) is not None)
        self.lettered.append(_LETTER.match(text) is not None)
        self.long.append(len(text) >= _LONG)
        self.levels.append(heading.level)
        self.titles.append(heading.is_title)
        self.pages.append(heading.page)

    def is_numbered(self, index: int) -> bool:
        """Whether a number shows the rank of a heading."""
        return self.orders[index] != NO_ORDER or self.depths[index] > 0
