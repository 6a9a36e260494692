"""Recognises furniture: headers, footers and page numbers."""

import re
from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import group_into_rows
from workers.engines.cpu.margins import FOOTER_ZONE, HEADER_ZONE, recurring_key
from workers.engines.cpu.values import Box, Line, PageContent

#: Width of the margin in which a bare number is a page number, in page heights or widths.
_MARGIN = 0.10
#: A block whose height is more than this many times its width runs up or down the page.
_VERTICAL_RATIO = 4.0
#: Furniture has at most this many rows and words; longer blocks are body text.
_MOST_ROWS, _MOST_WORDS = 4, 45
#: Text that the layout model takes for body text is furniture if it recurs on so many pages.
_SURELY_RECURS = 2
_FURNITURE = frozenset({"header", "footer", "page_number"})
_FOOTNOTE = re.compile(r"^(?:[¹²³⁴⁵⁶⁷⁸⁹⁰]+|[*†‡§])\s*\w|^\d{1,2}(?=[^\W\d])")
_PAGE_NUMBER = re.compile(
    r"^[\[(]?[-–—~·•|\s]*(?:(?:page|seite|p\.|第)\s*)?(?:[A-Z]{0,2}[-.]?\d{1,4}|[ivxlc]{1,7}|\d{1,3}[-–]\d{1,4})"
    r"(?:\s*(?:of|/|von|de|页|頁)\s*\d{0,4})?[-–—~·•|\s]*[\])]?$",
    re.IGNORECASE,
)


_PAGE_OF = re.compile(
    r"^(?:page|seite)\s+\d{1,4}\s*(?:of|von|/)\s*\d{1,4}\s*[·|•–—]\s*"
    r"|\s*[·|•–—]\s*(?:page|seite)\s+\d{1,4}\s*(?:of|von|/)\s*\d{1,4}$",
    re.IGNORECASE,
)


def classify_furniture(drafts: Sequence[Draft], page: PageContent) -> list[Draft]:
    """``drafts`` with page numbers marked, and body text no longer marked as furniture.

    Furniture is what recurs on the pages near this one. Where their text is not known, the label
    of the layout model counts.
    """
    numbers = [draft.box for draft in drafts if _is_lone_page_number(draft, page)]
    classified = [_classified(draft, page, numbers) for draft in drafts]
    if all(draft.kind in _FURNITURE for draft in classified):
        # A page with furniture only has a few words, and these are its text.
        return [_as_text(draft, page) for draft in classified]
    return classified


def headers_first(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` with headers before and footers after all other blocks."""
    position = {"header": 0, "footer": 2}
    return sorted(drafts, key=lambda draft: position.get(draft.kind, 1))


def _as_text(draft: Draft, page: PageContent) -> Draft:
    """``draft`` as text, unless it is a page number at the edge of the page."""
    if draft.kind == "page_number" and _is_in_margin(draft.box, page):
        return draft
    return replace(draft, kind="text") if draft.kind in _FURNITURE else draft


def _is_in_margin(box: Box, page: PageContent) -> bool:
    return box.bottom < _MARGIN * page.height or box.top > (1 - _MARGIN) * page.height


def _is_lone_page_number(draft: Draft, page: PageContent) -> bool:
    return _is_in_margin(draft.box, page) and _is_page_number(draft)


def _classified(draft: Draft, page: PageContent, numbers: Sequence[Box]) -> Draft:
    """``numbers``: the boxes of page numbers."""
    if draft.kind in ("header", "footer"):
        return _classified_furniture(draft, page, numbers)
    if draft.kind not in ("text", "sub_title"):
        return draft
    box = draft.box
    in_margin = _is_in_margin(box, page)
    if in_margin and _is_page_number(draft):
        return replace(draft, kind="page_number")
    if in_margin and draft.kind == "text" and _recurs(draft, page, _SURELY_RECURS):
        return replace(draft, kind="header" if box.top < page.height / 2 else "footer")
    return draft


def _classified_furniture(draft: Draft, page: PageContent, numbers: Sequence[Box]) -> Draft:
    if _is_side_stamp(draft, page):
        return replace(draft, kind="header")
    if _is_page_number(draft):
        return replace(draft, kind="page_number")
    if draft.kind == "footer" and _FOOTNOTE.match(draft.text.strip()):
        return replace(draft, kind="footnote")
    y = draft.box.center_y / page.height
    misplaced = y > HEADER_ZONE if draft.kind == "header" else y < FOOTER_ZONE
    long = len(group_into_rows(draft.lines)) > _MOST_ROWS or len(draft.text.split()) > _MOST_WORDS
    unknown = page.recurring is None
    recurs = unknown or _recurs(draft, page, 1) or _is_beside_page_number(draft, numbers)
    is_furniture = not misplaced and not long and recurs
    return draft if is_furniture else _without_page_numbers(draft)


def _is_beside_page_number(draft: Draft, numbers: Sequence[Box]) -> bool:
    """Whether it is one row with a page number in it or beside it: a running header on any page."""
    lines = sorted(draft.lines, key=lambda line: line.box.left)
    if len(group_into_rows(draft.lines)) > 1:
        return False
    if any(_in_one_row(draft.box, number) for number in numbers):
        return True
    return len(lines) > 1 and any(
        _PAGE_NUMBER.match(line.text.strip()) for line in (lines[0], lines[-1])
    )


def _in_one_row(one: Box, other: Box) -> bool:
    return 2 * one.overlap_height(other) > min(one.height, other.height)


def _without_page_numbers(draft: Draft) -> Draft:
    """``draft`` as text, without the page number in it."""
    kept = [line for line in draft.lines if not _PAGE_NUMBER.match(line.text.strip())]
    lines = [_without_page_of(line) for line in kept or draft.lines]
    return replace(draft, kind="text", lines=tuple(line for line in lines if line.text))


def _without_page_of(line: Line) -> Line:
    text = _PAGE_OF.sub("", line.text).strip()
    return line if text == line.text else replace(line, text=text)


def _recurs(draft: Draft, page: PageContent, pages: int) -> bool:
    """Whether most of ``draft`` stands in the margins of at least ``pages`` near pages."""
    if not page.recurring:
        return False
    counts = page.recurring
    recurring = sum(
        len(line.text) for line in draft.lines if counts.get(recurring_key(line.text), 0) >= pages
    )
    whole = counts.get(recurring_key(draft.text), 0) >= pages
    return whole or 2 * recurring > sum(len(line.text) for line in draft.lines)


def _is_page_number(draft: Draft) -> bool:
    return bool(_PAGE_NUMBER.match(draft.text.strip()))


def _is_side_stamp(draft: Draft, page: PageContent) -> bool:
    """Whether ``draft`` runs along the left or right edge, like the stamp of an archive."""
    box = draft.box
    in_margin = box.right < _MARGIN * page.width or box.left > (1 - _MARGIN) * page.width
    return in_margin and box.height > _VERTICAL_RATIO * box.width
