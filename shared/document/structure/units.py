"""The document model: a document as a sequence of units with the places that they come from.

A unit is one Markdown block of the document: a paragraph, a heading, an item of a list, a table.
Units are frozen. A rule returns new ones; it may join units, move one beside another or hide one,
and it never changes the order of the words of running text.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from shared.document.spool import Spool, read_through
from shared.document.structure.page_facts import PageFacts
from shared.document.structure.text.vocabulary import Vocabulary
from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import BBox

UnitKind = Literal[
    "heading",
    "text",
    "item",
    "list",
    "table",
    "figure",
    "image_caption",
    "table_caption",
    "table_footnote",
    "footnote",
    "code",
    "equation",
    "quote",
    "html",
    "furniture",
]
JoinKind = Literal["paragraph", "item", "quote", "footnote", "table", "row", "list", "code"]
#: What a link to a figure of the page contains.
FIGURE_LINK = "](figure:"
#: Kinds of running text, whose halves may stand on both sides of a break.
RUNNING: frozenset[UnitKind] = frozenset({"text", "item", "quote", "footnote"})
#: Kinds that stand beside running text and may interrupt it.
ASIDE: frozenset[UnitKind] = frozenset(
    {"figure", "image_caption", "table_caption", "table_footnote", "table", "footnote", "furniture"}
)


class Place(NamedTuple):
    """Where a unit, or a part of it, stands; ``box`` is None where the engine gave none."""

    page: int
    box: BBox | None = None


#: Several times as fast as calling the class of a named tuple.
_new = tuple.__new__


# A named tuple is made, changed and pickled several times as fast as a frozen dataclass.
class Unit(NamedTuple):
    """One Markdown block; ``page`` is the page in whose text it is written."""

    kind: UnitKind
    text: str
    page: int
    places: tuple[Place, ...]
    #: Blank space before it in the Markdown of its page.
    lead: str = "\n\n"
    #: The level of a heading (1 to 6), the nesting of an item or of its paragraph (from 0).
    level: int = 0
    #: The mark of an item: "-" or a number such as "3."; "" for its further paragraphs.
    marker: str = ""
    #: A heading that the engine took for the title.
    is_title: bool = False
    #: Text that the engine joined to an unfinished paragraph before it.
    continues: bool = False

    @property
    def first(self) -> Place:
        """The place of its beginning."""
        return self.places[0]

    @property
    def last(self) -> Place:
        """The place of its end."""
        return self.places[-1]


def packed(unit: Unit) -> tuple[Any, ...]:
    """``unit`` as plain tuples, for a file."""
    kind, text, page, places, *rest = unit
    return (kind, text, page, [(place[0], place[1]) for place in places], *rest)


def unpacked(plain: tuple[Any, ...]) -> Unit:
    """The unit that was ``packed``."""
    kind, text, page, places, *rest = plain
    return _new(Unit, (kind, text, page, tuple([_new(Place, each) for each in places]), *rest))


def read_units(units: Iterable[Unit], see: Callable[[Unit], None]) -> Spool[Unit]:
    """All ``units`` as a spool, after ``see`` has seen each of them."""
    return read_through(units, see, packed, unpacked)


def read_pages(pages: Iterable[list[Unit]], see: Callable[[list[Unit]], None]) -> Spool[list[Unit]]:
    """The same for the units of pages."""
    return read_through(pages, see, _packed_page, _unpacked_page)


def page_spool(most_kept: int) -> Spool[list[Unit]]:
    """An empty spool for the units of pages."""
    return Spool(most_kept=most_kept, pack=_packed_page, unpack=_unpacked_page)


def _packed_page(units: list[Unit]) -> list[tuple[Any, ...]]:
    return [packed(unit) for unit in units]


def _unpacked_page(plain: list[tuple[Any, ...]]) -> list[Unit]:
    return [unpacked(each) for each in plain]


class Join(NamedTuple):
    """Two parts of the source that became one unit."""

    kind: JoinKind
    before: Place
    after: Place


@dataclass(frozen=True)
class Context:
    """What a rule knows about the document beside its units."""

    pages: PageFacts
    render: RenderOptions
    #: The words of all pages.
    words: Vocabulary
    #: What the rule joined, in the order of the document.
    joins: Spool[Join] = field(default_factory=Spool)

    def follows(self, page: int, other: int) -> bool:
        """Whether ``other`` is ``page`` or the next page with text."""
        return self.pages.follows(page, other)


#: A rule gets all units in order and returns them joined, moved, levelled or hidden. It holds only
#: a few pages of them; what it must know about all of them first, it reads from a spool of them.
Rule = Callable[[Iterable[Unit], Context], Iterator[Unit]]


def by_page(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """The units of each page."""
    for _, run in groupby(units, key=attrgetter("page")):
        yield list(run)
