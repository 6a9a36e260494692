"""Finds footnotes, and the rest of one on the next page, that an engine took for text."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from shared.document.structure.text.sentences import ends_sentence
from shared.document.structure.units import Context, Unit, by_page

#: Footnotes begin below this place of a scale of 999.
_FOOT = 600
_LOWER_HALF = 500
_MARK = re.compile(r"(?:[¹²³⁴⁵⁶⁷⁸⁹⁰]{1,3}|<sup>\w{1,3}</sup>|[†‡§]) ?(?=\S)")


def note_continuations(units: Iterable[Unit], _: Context) -> Iterator[Unit]:
    """``units`` with the kind of such texts set to "footnote"."""
    is_open = False
    for run in by_page(units):
        page = [_with_mark(unit) for unit in run]
        if is_open:
            page = [_as_note(unit, page) for unit in page]
        yield from page
        notes = [unit for unit in page if unit.kind == "footnote"]
        is_open = bool(notes) and not ends_sentence(notes[-1].text)


def _with_mark(unit: Unit) -> Unit:
    box = unit.first.box
    low = box is not None and box[1] >= _LOWER_HALF
    is_note = unit.kind == "text" and low and _MARK.match(unit.text)
    return replace(unit, kind="footnote") if is_note else unit


def _as_note(unit: Unit, page: Sequence[Unit]) -> Unit:
    return replace(unit, kind="footnote") if _is_rest(unit, page) else unit


def _is_rest(unit: Unit, page: Sequence[Unit]) -> bool:
    """Whether the unit begins inside a sentence and is the last of its column."""
    box = unit.first.box
    if unit.kind != "text" or box is None or box[1] < _FOOT or not unit.text[:1].islower():
        return False
    others = [other.first.box for other in page if other.kind in ("text", "item", "quote")]
    below = [other for other in others if other and other[1] >= box[3] - 2]
    return not any(other[0] < box[2] and other[2] > box[0] for other in below)
