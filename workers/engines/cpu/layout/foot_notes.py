"""Finds notes at the foot of a page that the layout model takes for text or items of a list."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from workers.engines.cpu.layout.drafts import Draft, median_size
from workers.engines.cpu.values import bounding_box

_MARKED = re.compile(r"(?:[¹²³⁴⁵⁶⁷⁸⁹⁰]{1,3}|[†‡§])\s*\w")
#: A note may begin with the number that is raised in the text.
_RAISED, _NUMBERED = re.compile("[¹²³⁴⁵⁶⁷⁸⁹⁰]{1,3}"), re.compile(r"(\d{1,3})[.)]?\s+\S")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
#: Notes are smaller than this part of the text, and stand below this part of the page.
_SMALLER, _FOOT = 0.95, 0.5
#: The rest of a note stands at most so far below it, in font sizes.
_BELOW = 0.6


def with_foot_notes(drafts: Sequence[Draft], page_height: float) -> list[Draft]:
    """``drafts`` with marked small items at the foot of the page as notes with all their lines."""
    body = [(draft.size, len(draft.text)) for draft in drafts if draft.kind == "text"]
    largest = _SMALLER * median_size(body)
    marks = _raised_numbers(drafts)
    result: list[Draft] = []
    for draft in drafts:
        is_small = draft.kind == "list" and 0 < draft.size < largest
        is_low = draft.box.top > _FOOT * page_height
        is_marked = is_small and _MARKED.match(_first_text(draft)) is not None
        if is_low and (is_marked or _is_numbered(draft, marks)):
            result.append(replace(draft, kind="footnote"))
        elif is_small and (place := _note_above(draft, result)) is not None:
            note = result[place]
            box = bounding_box((note.box, draft.box))
            result[place] = replace(note, box=box, lines=(*note.lines, *draft.lines))
        else:
            result.append(draft)
    return result


def _raised_numbers(drafts: Sequence[Draft]) -> dict[int, float]:
    """The largest font size of the texts that have each raised number."""
    marks: dict[int, float] = {}
    for draft in drafts:
        for found in _RAISED.findall(draft.text):
            number = int(found.translate(_DIGITS))
            marks[number] = max(draft.size, marks.get(number, 0.0))
    return marks


def _is_numbered(draft: Draft, marks: Mapping[int, float]) -> bool:
    """Whether ``draft`` is smaller than the text with its number as a mark.

    A note may stand on the page after its mark: then the next number is on this page.
    """
    match = _NUMBERED.match(_first_text(draft)) if draft.kind in ("list", "text") else None
    if match is None:
        return False
    number = int(match[1])
    return 0 < draft.size < _SMALLER * marks.get(number, marks.get(number + 1, 0.0))


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
