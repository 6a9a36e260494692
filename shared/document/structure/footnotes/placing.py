"""Places each footnote behind the text that has its mark, and inside nothing that belongs together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.document.structure.text.marks import without_any_marks
from shared.document.structure.text.sentences import ends_sentence
from shared.document.structure.units import Unit, UnitKind

#: Kinds that no text leads to.
_ALONE: frozenset[UnitKind] = frozenset(
    {"heading", "figure", "image_caption", "table_caption", "furniture"}
)
_LEAD_IN = (":", "：")
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
    leads = False
    for each in (each for each in units if not each.is_note):
        unit = each.unit
        in_list = unit.kind == "item" or (unit.kind == "text" and unit.level > 0)
        goes_on = leads and unit.kind not in _ALONE and unit.page == page
        if not in_list and (not goes_on or passed > _MOST_WAITING):
            yield from (note._replace(page=page) for note in waiting)
            waiting = []
        yield unit
        page = unit.page
        passed = passed + 1 if waiting else 0
        waiting += each.notes
        leads = _leads(unit)
        if not in_list and not leads:
            yield from (note._replace(page=page) for note in waiting)
            waiting = []
    yield from (note._replace(page=page) for note in waiting)


def _leads(unit: Unit) -> bool:
    """Whether ``unit`` is unfinished without what stands behind it."""
    text = without_any_marks(unit.text).rstrip()
    if unit.kind == "item":
        return text.endswith(_LEAD_IN)
    return unit.kind in ("text", "quote") and (text.endswith(_LEAD_IN) or not ends_sentence(text))
