"""Places each footnote behind the text that has its mark and what that text leads to."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.document.structure.text.marks import without_any_marks
from shared.document.structure.text.sentences import ends_sentence
from shared.document.structure.units import Unit, UnitKind

#: Kinds that no text leads to.
_ALONE: frozenset[UnitKind] = frozenset(
    {"heading", "figure", "image_caption", "table_caption", "footnote", "furniture"}
)
_LEAD_IN = (":", "：")
#: A part of a note may have the label of an item.
_LABEL = re.compile(r"\(?\w{1,3}[.)]\s")
#: A note waits for so many units at most.
_MOST_WAITING = 24


@dataclass(frozen=True, slots=True)
class Referring:
    """A unit with its references, and their notes; ``is_note``: it is such a note itself."""

    unit: Unit
    notes: list[Unit]
    is_note: bool


def inline(units: Iterable[Referring]) -> Iterator[Unit]:
    """Each note after the paragraph, or after the list, that has its mark.

    A note waits for what a text leads to, such as the code or the list behind "as follows:".
    """
    page, passed = 0, 0
    waiting: list[Unit] = []
    before: Unit | None = None
    before_is_open = False
    for each in (each for each in units if not each.is_note):
        unit = each.unit
        in_list = _is_in_list(unit)
        list_goes_on = in_list and before is not None and _is_in_list(before)
        is_next = before_is_open and unit.page == page
        goes_on = before is not None and is_next and _leads_to(before, unit)
        if not list_goes_on and (not goes_on or passed > _MOST_WAITING):
            yield from (note._replace(page=page) for note in waiting)
            waiting = []
        yield unit
        page = unit.page
        passed = passed + 1 if waiting else 0
        waiting += each.notes
        before, before_is_open = unit, _is_open(unit)
        if not in_list and not before_is_open:
            yield from (note._replace(page=page) for note in waiting)
            waiting = []
    yield from (note._replace(page=page) for note in waiting)


def _is_in_list(unit: Unit) -> bool:
    return unit.kind == "item" or (unit.kind == "text" and unit.level > 0)


def _leads_to(before: Unit, unit: Unit) -> bool:
    """Whether ``before``, which is open, is unfinished without ``unit``, which stands after it."""
    if unit.kind in _ALONE:
        return False
    if _text(before).endswith(_LEAD_IN):
        return True
    # An item under an unfinished sentence may be a part of the note.
    return unit.kind != "item" and not (unit.kind == "text" and _LABEL.match(unit.text))


def _is_open(unit: Unit) -> bool:
    if unit.kind == "item":
        return _text(unit).endswith(_LEAD_IN)
    text = _text(unit)
    return unit.kind in ("text", "quote") and (text.endswith(_LEAD_IN) or not ends_sentence(text))


def _text(unit: Unit) -> str:
    return without_any_marks(unit.text).rstrip()
