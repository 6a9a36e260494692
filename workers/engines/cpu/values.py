"""Frozen values of one page: boxes, lines of text, layout regions and tables."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

#: The marks in the text of a line and the addresses of its links; see ``marks``.
_MARKS = re.compile(r"[\ufdd0-\ufddf]|[\U000f0000-\U000fffff]")


class Box(NamedTuple):
    """An upright rectangle in the units of its page (points or pixels); y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Width in page units, at least 0."""
        return max(0.0, self.right - self.left)

    @property
    def height(self) -> float:
        """Height in page units, at least 0."""
        return max(0.0, self.bottom - self.top)

    @property
    def area(self) -> float:
        """Area in square page units."""
        return self.width * self.height

    @property
    def center_x(self) -> float:
        """The x of the vertical centre line."""
        return (self.left + self.right) / 2

    @property
    def center_y(self) -> float:
        """The y of the horizontal centre line."""
        return (self.top + self.bottom) / 2

    def overlap_area(self, other: "Box") -> float:
        """Area shared with ``other``; 0 if they do not overlap."""
        return max(0.0, self.overlap_width(other)) * max(0.0, self.overlap_height(other))

    def overlap_width(self, other: "Box") -> float:
        """Width shared with ``other``; a negative value is the horizontal gap between them."""
        return min(self.right, other.right) - max(self.left, other.left)

    def overlap_height(self, other: "Box") -> float:
        """Height shared with ``other``; a negative value is the vertical gap between them."""
        return min(self.bottom, other.bottom) - max(self.top, other.top)

    def intersection(self, other: "Box") -> "Box":
        """The part inside of ``other``; a box without area where they do not overlap."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Box(left, top, max(left, right), max(top, bottom))

    def fraction_inside(self, other: "Box") -> float:
        """The part of this box's area that lies in ``other``, 0 to 1."""
        return self.overlap_area(other) / self.area if self.area else 0.0


def bounding_box(boxes: Iterable[Box]) -> Box:
    """The smallest box around ``boxes``; raises ValueError for none."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


class Character(NamedTuple):
    """One judged character of a text layer: a viewer of the page sees it, and sees this text.

    ``text`` has several letters where a run was recognised on the picture of the page instead.
    """

    text: str
    #: In points of the page: the advance of the character by the height of its font.
    box: Box
    #: The y of the baseline and the font size, in points.
    baseline: float
    size: float
    font: str = ""
    bold: bool = False
    italic: bool = False
    monospaced: bool = False
    #: 1 for a raised, -1 for a lowered character.
    shift: int = 0
    struck: bool = False
    #: The address that the character leads to; "" for none.
    link: str = ""
    #: The recogniser's confidence, 0 to 1, where it replaced the text.
    score: float | None = None
    #: Whether the reader of the PDF added it: a space that is only a gap.
    is_gap: bool = False


@dataclass(frozen=True)
class Line:
    """One line of text, or a piece of one; ``size`` is its font size in page units."""

    box: Box
    text: str
    size: float
    #: The recogniser's confidence, 0 to 1; None for a line of a text layer.
    score: float | None = None
    monospaced: bool = False
    bold: bool = False
    #: Whether a text layer has a space before the first or after the last letter.
    space_before: bool = False
    space_after: bool = False
    #: Whether the line ends inside a word without a hyphen (Korean).
    ends_inside_word: bool = False
    #: Whether it runs neither along nor across the page, such as a watermark.
    slanted: bool = False
    #: ``text`` with the marks of ``marks``.
    rich_text: str = ""
    #: The characters of a line of a text layer, from left to right; () where it was recognised.
    characters: tuple[Character, ...] = ()

    @property
    def rich(self) -> str:
        """The text with its marks; the plain text where a step changed that."""
        unchanged = self.rich_text and _MARKS.sub("", self.rich_text) == self.text
        return self.rich_text if unchanged else self.text


@dataclass(frozen=True)
class Region:
    """One part of the page with the label of the layout model, such as "section-header"."""

    label: str
    box: Box


@dataclass(frozen=True)
class GridCell:
    """One cell of a table's grid; ``tag`` is "td" or "th"."""

    box: Box
    tag: str
    #: The text that the table model read; not used where the page has judged characters.
    text: str = ""
    colspan: int = 1
    rowspan: int = 1


@dataclass(frozen=True)
class Table:
    """The grid of one table, row by row, as the table model found it."""

    box: Box
    rows: tuple[tuple[GridCell, ...], ...]


@dataclass(frozen=True)
class PageContent:
    """All that was read from an upright page; sizes and boxes in points."""

    width: float
    height: float
    lines: tuple[Line, ...] = ()
    regions: tuple[Region, ...] = ()
    tables: tuple[Table, ...] = ()
    #: How many of the pages near this one have a line in their margins, by ``recurring_key``;
    #: None where the text of other pages is not known.
    recurring: Mapping[str, int] | None = None
    #: Thin upright rules, such as that beside a quotation.
    bars: tuple[Box, ...] = ()
    #: Thin rules across and along the page, such as those of tables.
    rules: tuple[Box, ...] = ()
