"""Joins the further paragraphs of a footnote, which have no mark of their own, with the note."""

import re
from collections.abc import Iterable, Iterator

from shared.document.structure.units import Context, Join, Unit

_MARK = re.compile(r"[¹²³⁴⁵⁶⁷⁸⁹⁰†‡§*\\(\[$]|<sup>|\d{1,3}[\s.)]")
#: A further paragraph stands right under the note and begins near its left edge, on a scale of 999.
_BELOW, _SAME_EDGE = 12, 30
_LONGEST = 1 << 20


def further_paragraphs(units: Iterable[Unit], context: Context) -> Iterator[Unit]:
    """``units`` with each further paragraph at the end of its note."""
    note: Unit | None = None
    for unit in units:
        if note is not None and _belongs(note, unit):
            context.joins.append(Join("footnote", note.last, unit.first))
            text = f"{note.text} {unit.text}"
            note = note._replace(text=text, places=note.places + unit.places)
            continue
        if note is not None:
            yield note
        note = unit if unit.kind == "footnote" else None
        if note is None:
            yield unit
    if note is not None:
        yield note


def _belongs(note: Unit, unit: Unit) -> bool:
    above, below = note.last, unit.first
    if unit.kind != "footnote" or above.page != below.page or len(note.text) > _LONGEST:
        return False
    if above.box is None or below.box is None or _MARK.match(unit.text):
        return False
    near = abs(below.box[1] - above.box[3]) <= _BELOW
    return near and abs(below.box[0] - above.box[0]) <= _SAME_EDGE and bool(_MARK.match(note.text))
