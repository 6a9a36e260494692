"""Finds footnotes, and the rest of one on the next page, that an engine took for text."""

import re
from collections.abc import Iterable, Iterator, Sequence

from shared.document.structure.text.sentences import ends_sentence
from shared.document.structure.units import Context, Unit, by_page

#: Footnotes begin below this place of a scale of 999.
_FOOT = 600
_LOWER_HALF = 500
_UPPER_HALF = 250
_MARK = re.compile(r"(?:[¹²³⁴⁵⁶⁷⁸⁹⁰]{1,3}⁾?|<sup>\w{1,3}\)?</sup>|[†‡§]|(?:\\\*){1,3}) ?(?=\S)")


def note_continuations(units: Iterable[Unit], _: Context) -> Iterator[Unit]:
    """``units`` with the kind of such texts set to "footnote"."""
    is_open = False
    for run in by_page(units):
        page = _with_marked(run)
        for index, unit in enumerate(page):
            if is_open and _is_rest(unit, page):
                page[index] = unit._replace(kind="footnote")
            if page[index].kind == "footnote":
                is_open = not ends_sentence(unit.text)
        is_open = is_open and any(unit.kind == "footnote" for unit in page)
        yield from page


def _with_marked(page: list[Unit]) -> list[Unit]:
    """``page`` with texts that begin with a mark as notes, from the last one upwards."""
    for index in range(len(page) - 1, -1, -1):
        below = page[index + 1] if index + 1 < len(page) else None
        if _is_marked_note(page[index], below):
            page[index] = page[index]._replace(kind="footnote")
    return page


def _is_marked_note(unit: Unit, below: Unit | None) -> bool:
    """Whether a text with a mark stands low on its page, or above another note."""
    box = unit.first.box
    if unit.kind != "text" or box is None or not _MARK.match(unit.text):
        return False
    return box[1] >= _LOWER_HALF or (
        box[1] >= _UPPER_HALF and below is not None and below.kind == "footnote"
    )


def _is_rest(unit: Unit, page: Sequence[Unit]) -> bool:
    """Whether the unit begins inside a sentence and is the last of its column."""
    box = unit.first.box
    if unit.kind != "text" or box is None or box[1] < _FOOT or not unit.text[:1].islower():
        return False
    others = [other.first.box for other in page if other.kind in ("text", "item", "quote")]
    below = [other for other in others if other and other[1] >= box[3] - 2]
    return not any(other[0] < box[2] and other[2] > box[0] for other in below)
