"""Finds running headers on pages where their engine took them for text or headings.

The first page of an issue often shows the parts of the header below each other, and a first page
may have a line of its own in the place of the header.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from shared.document.structure.text.letters import letters
from shared.document.structure.units import Unit

#: The parts end above this place of a scale of 999; there are at most so many of them.
_BOTTOM, _MOST_PARTS = 200, 6
#: A header is compared if it stands on so many pages and has so many letters.
_FEWEST_PAGES, _FEWEST_LETTERS = 3, 15
#: Characters of a header at most.
_LONGEST = 160
#: Headers begin above this place.
_TOP = 90
#: The header of the first page stands at most so far from those of at least so many other pages,
#: and is at most so high.
_SAME_PLACE, _FEWEST_HEADERS, _LINE = 4, 2, 20
#: Headers that are compared, and texts that may become one: the first and the latest of them.
_MOST_HEADERS, _MOST_TEXTS = 200, 10_000


class RunningHeaders:
    """The running headers and footers of a document that its engine marked as such."""

    def __init__(self) -> None:
        #: The number of pages with each text, in the order of their last pages.
        self._counts: dict[str, int] = {}
        self._headers: set[str] = set()
        #: The number of pages with a header at each top, without the first page.
        self._tops: Counter[int] = Counter()

    def seen(self, pages: Iterable[list[Unit]]) -> Iterator[list[Unit]]:
        """``pages``, with their headers collected; read all before ``parts_on``."""
        for position, page in enumerate(pages):
            headers = [unit for unit in page if unit.kind == "furniture"]
            for key in dict.fromkeys(_key(unit) for unit in headers if _is_header(unit)):
                self._add(key)
            if position:
                self._tops.update({_top(unit) for unit in headers if _is_line_at_top(unit)})
            yield page

    def line_on_first(self, page: Sequence[Unit]) -> set[int]:
        """The index of a line that stands on the first page where others have their header."""
        units = enumerate(page[:_MOST_PARTS])
        texts = [index for index, unit in units if unit.kind != "furniture"]
        line = page[texts[0]] if len(texts) > 1 else None
        if line is None or line.kind != "text" or not _is_line_at_top(line):
            return set()
        around = range(_top(line) - _SAME_PLACE, _top(line) + _SAME_PLACE + 1)
        return {texts[0]} if any(self._tops[top] >= _FEWEST_HEADERS for top in around) else set()

    def parts_on(self, page: Sequence[Unit]) -> set[int]:
        """Indices of the texts at the top of a page that are a header of other pages."""
        if not self._headers:
            return set()
        return {index for run in _top_runs(page) for index in _parts(page, run, self._joined)}

    @cached_property
    def _joined(self) -> str:
        return "\n".join(sorted(self._headers))

    def _add(self, key: str) -> None:
        count = self._counts.pop(key, 0) + 1
        self._counts[key] = count
        if count >= _FEWEST_PAGES and len(self._headers) < _MOST_HEADERS:
            self._headers.add(key)
        if len(self._counts) > _MOST_TEXTS:
            del self._counts[next(iter(self._counts))]


def _key(unit: Unit) -> str:
    return letters(unit.text).casefold()


def _is_header(unit: Unit) -> bool:
    return len(unit.text) <= _LONGEST and len(_key(unit)) >= _FEWEST_LETTERS


def _is_line_at_top(unit: Unit) -> bool:
    box = unit.first.box
    is_line = box is not None and box[3] < _TOP and box[3] - box[1] <= _LINE
    return is_line and len(unit.text) <= _LONGEST


def _top(unit: Unit) -> int:
    return unit.first.box[1] if unit.first.box else 0


def _top_runs(page: Sequence[Unit]) -> Iterator[list[int]]:
    """Runs of text and headings at the top of one column."""
    run: list[int] = []
    for index, unit in enumerate(page):
        box = unit.first.box
        if unit.kind in ("text", "heading") and box is not None and box[3] < _BOTTOM:
            run.append(index)
            continue
        yield run
        run = []
    yield run


def _parts(page: Sequence[Unit], run: Sequence[int], headers: str) -> Sequence[int]:
    """The longest part of ``run``, of two texts or more, that stands in a running header."""
    texts = {index: _key(page[index]) for index in run}
    ends = {a: min(len(run), a + _MOST_PARTS) for a in range(len(run))}
    spans = [run[a:b] for a, end in ends.items() for b in range(end, a + 1, -1)]
    for span in sorted(spans, key=len, reverse=True):
        whole = "".join(texts[index] for index in span)
        if _FEWEST_LETTERS <= len(whole) <= _LONGEST and whole in headers:
            return span
    return ()
