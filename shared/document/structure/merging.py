"""Makes one document of the pages: reads their units, applies the rules, writes page texts.

The pages are read once into a spool with a few facts about each. Then every rule passes its units
to the next one as they come, so that only a few pages are in memory.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from shared.document.spool import Spool
from shared.document.structure.lists import MOST_PAGES
from shared.document.structure.page_facts import PageFacts
from shared.document.structure.page_units import page_units
from shared.document.structure.text.vocabulary import Vocabulary
from shared.document.structure.units import FIGURE_LINK, Context, Join, Rule, Unit, page_spool
from shared.domain.records.base import to_json
from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import PageResult

_GAP = "\n\n"
#: Page results that stay in memory.
MOST_KEPT = 500
#: A figure may follow units of so many later pages.
_BEHIND = MOST_PAGES


@dataclass(frozen=True)
class PageText:
    """The Markdown of a page after the rules of structure, and units that were read meanwhile.

    All units of all page texts, one after the other, are those of the document in order.
    """

    result: PageResult
    text: str
    units: tuple[Unit, ...]


class StructuredPages:
    """Pages under ``rules``; a joined unit stands in the text of its first page."""

    def __init__(
        self, pages: Iterable[PageResult], render: RenderOptions, rules: Iterable[Rule]
    ) -> None:
        self._rules = tuple(rules)
        self._render = render
        self._facts, self._words = PageFacts(), Vocabulary()
        #: What each rule joined.
        self._joins: list[Spool[Join]] = []
        self.results = Spool[PageResult](
            most_kept=MOST_KEPT, pack=to_json, unpack=PageResult.model_validate_json
        )
        # Not made again from the results, whose validation takes longer than to read units.
        self._pages = page_spool(MOST_KEPT)
        for page in pages:
            self._facts.add(page)
            self._pages.append(page_units(page))
            self._words.add(page.markdown)
            self.results.append(page)

    def units(self) -> Iterator[Unit]:
        """The units of the document."""
        self._joins = []
        units: Iterable[Unit] = chain.from_iterable(self._pages)
        for rule in self._rules:
            self._joins.append(Spool())
            units = rule(units, Context(self._facts, self._render, self._words, self._joins[-1]))
        return iter(units)

    def texts(self) -> Iterator[PageText]:
        """The text of every page in order."""
        return _Texts(self._facts).of(self.results, self.units())

    def joins(self) -> Iterator[Join]:
        """What the rules joined, each rule in the order of the document; after all units."""
        for spool in self._joins:
            yield from spool


class _Texts:
    """Collects the units of each page.

    A unit that was moved behind a later page stands in the text of that page. Only a figure stays
    on its page, because its link is the number of a figure of that page.
    """

    def __init__(self, facts: PageFacts) -> None:
        self._position = facts.position
        self._latest = 0
        #: The units of the page at ``_next`` and of those after it.
        self._pages: deque[list[Unit]] = deque()
        self._next = 0
        self._read: list[Unit] = []

    def of(self, results: Iterable[PageResult], units: Iterator[Unit]) -> Iterator[PageText]:
        """The text of each of ``results`` in order."""
        for position, result in enumerate(results):
            while self._latest <= position + _BEHIND and (unit := next(units, None)):
                self._add(unit)
            yield self._taken(result)

    def _add(self, unit: Unit) -> None:
        position = self._position(unit.page)
        if FIGURE_LINK not in unit.text:
            self._latest = position = max(self._latest, position)
        place = max(0, position - self._next)
        while len(self._pages) <= place:
            self._pages.append([])
        self._pages[place].append(unit)
        self._read.append(unit)

    def _taken(self, result: PageResult) -> PageText:
        own = self._pages.popleft() if self._pages else []
        self._next += 1
        read, self._read = tuple(self._read), []
        return PageText(result, _text(own), read)


def _text(units: Iterable[Unit]) -> str:
    return "".join(
        ((unit.lead or _GAP) if index else "") + _written(unit) for index, unit in enumerate(units)
    )


def _written(unit: Unit) -> str:
    indent = " " * unit.level
    if unit.kind == "item":
        return f"{indent}{unit.marker} {unit.text}"
    if unit.kind == "text" and indent:
        return "\n".join(indent + line for line in unit.text.split("\n"))
    return unit.text
