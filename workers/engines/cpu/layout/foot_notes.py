"""Finds notes at the foot of a page that the layout model takes for items of a list."""

import re
from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.layout.drafts import Draft, median_size
from workers.engines.cpu.values import bounding_box

_MARKED = re.compile(r"(?:[¹²³⁴⁵⁶⁷⁸⁹⁰]{1,3}|[†‡§])\s*\w")
#: Notes are smaller than this part of the text, and stand below this part of the page.
_SMALLER, _FOOT = 0.95, 0.5
#: The rest of a note stands at most so far below it, in font sizes.
_BELOW = 0.6


def with_foot_notes(drafts: Sequence[Draft], page_height: float) -> list[Draft]:
    """``drafts`` with marked small items at the foot of the page as notes with all their lines."""
    body = [(draft.size, len(draft.text)) for draft in drafts if draft.kind == "text"]
    largest = _SMALLER * median_size(body)
    result: list[Draft] = []
    for draft in drafts:
        is_small = draft.kind == "list" and 0 < draft.size < largest
        if is_small and draft.box.top > _FOOT * page_height and _MARKED.match(_first_text(draft)):
            result.append(replace(draft, kind="footnote"))
        elif is_small and (place := _note_above(draft, result)) is not None:
            note = result[place]
            box = bounding_box((note.box, draft.box))
            result[place] = replace(note, box=box, lines=(*note.lines, *draft.lines))
        else:
            result.append(draft)
    return result


def _first_text(draft: Draft) -> str:
    first = min(draft.lines, key=lambda line: (line.box.top, line.box.left))
    return first.text


def _note_above(draft: Draft, drafts: Sequence[Draft]) -> int | None:
    """The index of the note right above ``draft``; None for none."""
    for index, note in enumerate(drafts):
        gap = draft.box.top - note.box.bottom
        near = abs(gap) < _BELOW * draft.size and note.box.overlap_width(draft.box) > 0
        if note.kind == "footnote" and near:
            return index
    return None
