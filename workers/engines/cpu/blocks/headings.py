"""Decides what is a heading, which one is the title, and how deep each lies."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, takewhile
from statistics import median

from workers.engines.cpu.blocks.lists import begins_item
from workers.engines.cpu.layout.drafts import Draft, median_size
from workers.engines.cpu.layout.rows import rows_of
from workers.engines.cpu.values import Line, bounding

_NUMBERED = re.compile(r"^(?:(?:§|Section)\s*)?(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+(?=\S)")
_GLUED_NUMBER = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,4}\.?)(?=[A-Z][a-z]{2})")
_LONGEST = 220
_DEEPEST = 6
#: A title is this many times larger than the text, and than other headings.
_TITLE_TO_BODY, _TITLE_TO_HEADING = 1.45, 1.15
#: Sizes nearer than this are one size; those of recognised lines are rough.
_SAME_SIZE, _SAME_ROUGH_SIZE = 1.12, 1.4
#: A row this many times larger than the next is a heading over another.
_SUBTITLE = 1.4
_MOST_BOLD_ROWS = 2
#: Words this many times larger than the running text are a heading.
_LARGE, _ROUGHLY_LARGE = 1.3, 1.6
#: A title stands above this part of the page.
_UPPER = 0.5
_ALONE = re.compile(
    r"^((chapter|part|section|appendix|annex)\s+)?([\divx]{1,4}|[A-Z])[.:]?$", re.IGNORECASE
)
_CAPTION = re.compile(r"^(figure|fig\.|table|listing|example|algorithm|图|表)\s*\d", re.IGNORECASE)
_QUANTITY = re.compile(r"^[\d½¼¾⅓]+([.,/]\d+)?\s+[a-zà-ÿ]")


def settle_headings(drafts: Sequence[Draft], height: float) -> list[Draft]:
    """``drafts`` with false headings made text and the page's title found."""
    body = _body_size(drafts)
    sane = [_spaced(_promoted(_demoted(draft), body)) for draft in drafts]
    title = _title(sane, height)
    return [replace(draft, kind="title") if draft is title else draft for draft in sane]


def with_numbers_joined(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` in reading order, a chapter's number made one with the heading behind it."""
    joined: list[Draft] = []
    for draft in drafts:
        place = next((i for i in (-1, -2) if _may_join(joined[i:], draft)), None)
        if place is None:
            joined.append(draft)
        else:
            before = joined[place]
            box = bounding((before.box, draft.box))
            joined[place] = replace(draft, box=box, lines=_in_one_row(before.lines, draft.lines))
    return joined


def _may_join(last: Sequence[Draft], draft: Draft) -> bool:
    """Whether ``last`` is a number, with nothing or a picture before the heading ``draft``."""
    if not last or draft.kind not in ("title", "sub_title"):
        return False
    return _is_number(last[0]) and all(other.kind == "image" for other in last[1:])


def _is_number(draft: Draft) -> bool:
    return draft.kind in ("title", "sub_title") and bool(_ALONE.match(draft.text.strip()))


def _in_one_row(number: Sequence[Line], heading: Sequence[Line]) -> tuple[Line, ...]:
    first = rows_of(heading)[0].lines[0]
    text = " ".join(line.text for line in number)
    begun = replace(first, text=f"{text} {first.text}")
    return tuple(begun if line is first else line for line in heading)


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


def with_leading_heading(draft: Draft) -> list[Draft]:
    """``draft`` as a heading and a text where bold rows of their own stand over plain ones."""
    rows = rows_of(draft.lines)
    bold = len(list(takewhile(lambda row: all(line.bold for line in row.lines), rows)))
    if not 0 < bold <= _MOST_BOLD_ROWS or bold == len(rows):
        return [draft]
    head = [line for row in rows[:bold] for line in row.lines]
    text = " ".join(line.text for line in head)
    if text.endswith((".", ",", ":")) or not any(map(str.isalpha, text)) or begins_item(text):
        return [draft]
    rest = [line for row in rows[bold:] for line in row.lines]
    return [
        Draft("sub_title", bounding(line.box for line in head), tuple(head)),
        replace(draft, box=bounding(line.box for line in rest), lines=tuple(rest)),
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
    if _CAPTION.match(text):
        return replace(draft, kind="image_caption")
    wordy = len(text) > _LONGEST or (text.endswith(".") and len(text.split()) > 14)
    running_on = text.endswith((",", ";")) or (text[:1].islower() and len(text.split()) > 3)
    if wordy or running_on or _QUANTITY.match(text) or not re.search(r"\w", text):
        return replace(draft, kind="text")
    return draft


def _spaced(draft: Draft) -> Draft:
    """A recognised heading with the space that was lost behind its number."""
    if draft.kind not in ("title", "sub_title") or draft.confidence is None:
        return draft
    first = rows_of(draft.lines)[0].lines[0]
    text = _GLUED_NUMBER.sub(r"\1 ", first.text)
    if text == first.text:
        return draft
    spaced = replace(first, text=text)
    return replace(draft, lines=tuple(spaced if ln is first else ln for ln in draft.lines))


def _promoted(draft: Draft, body: float) -> Draft:
    """A few large words of their own are a heading, whatever the layout model thinks."""
    if draft.kind != "text" or not body:
        return draft
    text = draft.text.strip()
    factor = _LARGE if draft.confidence is None else _ROUGHLY_LARGE
    few = len(rows_of(draft.lines)) <= _MOST_BOLD_ROWS and 3 < len(text) < _LONGEST // 2
    worded = text[:1].isupper() and not text.endswith((".", ",", ";", ":"))
    return (
        replace(draft, kind="sub_title") if few and worded and draft.size > factor * body else draft
    )


def _body_size(drafts: Sequence[Draft]) -> float:
    """The font size of most of the running text; 0 on a page with hardly any."""
    running = [draft for draft in drafts if draft.kind in ("text", "list")]
    if sum(len(draft.text) for draft in running) <= _LONGEST:
        return 0.0
    return median_size((draft.size, len(draft.text)) for draft in running)


def _title(drafts: Sequence[Draft], height: float) -> Draft | None:
    if any(draft.kind == "title" for draft in drafts):
        return None
    headings = [draft for draft in drafts if draft.kind == "sub_title"]
    upper = [
        draft
        for draft in headings
        if draft.box.top < _UPPER * height
        and not _depth(draft.text)
        and any(map(str.isalpha, draft.text))
    ]
    if not upper:
        return None
    largest = max(upper, key=lambda draft: draft.size)
    others = [d.size for d in upper if d is not largest and not _is_number(d)]
    body = [draft.size for draft in drafts if draft.kind in ("text", "list")]
    if others and largest.size < _TITLE_TO_HEADING * max(others):
        return None
    return largest if not body or largest.size > _TITLE_TO_BODY * median(body) else None
