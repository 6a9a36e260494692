"""Boxes, lines, regions and tables of one page: the frozen values every step works on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Box(NamedTuple):
    """An upright rectangle; the unit is that of its page, y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return max(0.0, self.right - self.left)

    @property
    def height(self) -> float:
        return max(0.0, self.bottom - self.top)

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def middle(self) -> float:
        """Height of the horizontal middle line."""
        return (self.top + self.bottom) / 2

    def common(self, other: "Box") -> float:
        """Area shared with ``other``."""
        return max(0.0, self.common_width(other)) * max(0.0, self.common_height(other))

    def common_width(self, other: "Box") -> float:
        """Width shared with ``other``; negative is the gap between them."""
        return min(self.right, other.right) - max(self.left, other.left)

    def common_height(self, other: "Box") -> float:
        """Height shared with ``other``; negative is the gap between them."""
        return min(self.bottom, other.bottom) - max(self.top, other.top)

    def share_in(self, other: "Box") -> float:
        """Which part of this box lies in ``other``, 0 to 1."""
        return self.common(other) / self.area if self.area else 0.0


def bounding(boxes: Iterable[Box]) -> Box:
    """The smallest box around ``boxes``, of which there is at least one."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


@dataclass(frozen=True)
class Line:
    """One line of text, or a piece of one; ``size`` is its font size in page units."""

    box: Box
    text: str
    size: float
    #: The recogniser's confidence, 0 to 1; None for a text layer.
    score: float | None = None
    mono: bool = False
    bold: bool = False
    #: Whether a text layer has a space before its first and behind its last letter.
    space_before: bool = False
    space_after: bool = False
    #: Whether the line ends inside a word that no hyphen shows (Korean).
    cut: bool = False


@dataclass(frozen=True)
class Region:
    """What the layout model says of a part of the page; ``label`` is the model's own."""

    label: str
    box: Box


@dataclass(frozen=True)
class Table:
    """One table as HTML, from the table model."""

    box: Box
    html: str


@dataclass(frozen=True)
class PageContent:
    """All that was found on an upright page, before it is put together."""

    width: float
    height: float
    lines: tuple[Line, ...] = ()
    regions: tuple[Region, ...] = ()
    tables: tuple[Table, ...] = ()
