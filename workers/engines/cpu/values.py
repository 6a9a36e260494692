"""Frozen values of one page: boxes, lines of text, layout regions and tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


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

    def fraction_inside(self, other: "Box") -> float:
        """The part of this box's area that lies in ``other``, 0 to 1."""
        return self.overlap_area(other) / self.area if self.area else 0.0


def bounding_box(boxes: Iterable[Box]) -> Box:
    """The smallest box around ``boxes``; raises ValueError for none."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


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


@dataclass(frozen=True)
class Region:
    """One part of the page with the label of the layout model, such as "section-header"."""

    label: str
    box: Box


@dataclass(frozen=True)
class Table:
    """One table as HTML, as the table model returned it."""

    box: Box
    html: str


@dataclass(frozen=True)
class PageContent:
    """All that was read from an upright page; sizes and boxes in points."""

    width: float
    height: float
    lines: tuple[Line, ...] = ()
    regions: tuple[Region, ...] = ()
    tables: tuple[Table, ...] = ()
