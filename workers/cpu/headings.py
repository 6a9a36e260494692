"""Decides what is a heading, which one is the title, and how deep each lies."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from workers.cpu.drafts import Draft
from workers.cpu.rows import rows_of
from workers.cpu.values import bounding

_NUMBERED = re.compile(r"^(?:(?:§|Section)\s*)?(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+(?=\S)")
_LONGEST = 220
_DEEPEST = 6
#: A title is this many times larger than the text, and than other headings.
_TITLE_TO_BODY, _TITLE_TO_HEADING = 1.45, 1.15
#: Sizes nearer than this are one size; those of recognised lines are rough.
_SAME_SIZE, _SAME_ROUGH_SIZE = 1.12, 1.4
#: A row this many times larger than the next is a heading over another.
_SUBTITLE = 1.4
#: A title stands above this part of the page.
_UPPER = 0.5
_QUANTITY = re.compile(r"^[\d½¼¾⅓]+([.,/]\d+)?\s+[a-zà-ÿ]")


def settle_headings(drafts: Sequence[Draft], height: float) -> list[Draft]:
    """``drafts`` with false headings made text and the page's title found."""
    sane = [_demoted(draft) for draft in drafts]
    title = _title(sane, height)
    return [replace(draft, kind="title") if draft is title else draft for draft in sane]


def parted_by_size(draft: Draft) -> list[Draft]:
    """``draft`` as two headings where a large row stands over much smaller ones."""
    rows = rows_of(draft.lines)
    place = next(
        (i for i, (a, b) in enumerate(pairwise(rows), 1) if a.size > _SUBTITLE * b.size), None
    )
    if place is None:
        return [draft]
    parts = [[line for row in part for line in row.lines] for part in (rows[:place], rows[place:])]
    return [
        replace(draft, box=bounding(line.box for line in part), lines=tuple(part)) for part in parts
    ]


def levels(drafts: Sequence[Draft]) -> dict[int, int]:
    """Number of "#" for each heading, by its place in ``drafts``."""
    unnumbered = [d.size for d in drafts if d.kind == "sub_title" and not _depth(d.text)]
    rough = any(draft.confidence is not None for draft in drafts)
    largest = max(unnumbered, default=0.0) / (_SAME_ROUGH_SIZE if rough else _SAME_SIZE)
    found = {}
    for place, draft in enumerate(drafts):
        if draft.kind == "title":
            found[place] = 1
        elif draft.kind == "sub_title":
            found[place] = _depth(draft.text) or (2 if draft.size >= largest else 3)
    return found


def _depth(text: str) -> int:
    match = _NUMBERED.match(text)
    return min(_DEEPEST, match.group(1).count(".") + 2) if match else 0


def _demoted(draft: Draft) -> Draft:
    if draft.kind not in ("title", "sub_title"):
        return draft
    text = draft.text.strip()
    wordy = len(text) > _LONGEST or (text.endswith(".") and len(text.split()) > 14)
    running_on = text.endswith((",", ";")) or (text[:1].islower() and len(text.split()) > 3)
    if wordy or running_on or _QUANTITY.match(text) or not re.search(r"\w", text):
        return replace(draft, kind="text")
    return draft


def _title(drafts: Sequence[Draft], height: float) -> Draft | None:
    if any(draft.kind == "title" for draft in drafts):
        return None
    headings = [draft for draft in drafts if draft.kind == "sub_title"]
    upper = [d for d in headings if d.box.top < _UPPER * height and not _depth(d.text)]
    if not upper:
        return None
    largest = max(upper, key=lambda draft: draft.size)
    others = [draft.size for draft in headings if draft is not largest]
    body = [draft.size for draft in drafts if draft.kind in ("text", "list")]
    if others and largest.size < _TITLE_TO_HEADING * max(others):
        return None
    return largest if not body or largest.size > _TITLE_TO_BODY * median(body) else None
