"""Tells what belongs to the page and not to its text: headers, footers, page numbers."""

import re
from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import rows_of
from workers.engines.cpu.values import PageContent

#: Headers lie above, footers below these parts of the page.
_TOP, _BOTTOM = 0.18, 0.80
#: The outermost part of a page, where a bare number is its number.
_MARGIN = 0.10
#: What is this many times as high as wide is no line of the page's text.
_UPRIGHT = 4.0
_MOST_ROWS, _MOST_WORDS = 4, 45
_FURNITURE = frozenset({"header", "footer", "page_number"})
_FOOTNOTE = re.compile(r"^(?:[¹²³⁴⁵⁶⁷⁸⁹⁰]+|[*†‡§])\s*\w|^\d{1,2}(?=[^\W\d])")
_PAGE_NUMBER = re.compile(
    r"^[\[(]?[-–—~·•|\s]*(?:(?:page|seite|p\.|第)\s*)?(?:[A-Z]{0,2}[-.]?\d{1,4}|[ivxlc]{1,7}|\d{1,3}[-–]\d{1,4})"
    r"(?:\s*(?:of|/|von|de|页|頁)\s*\d{0,4})?[-–—~·•|\s]*[\])]?$",
    re.IGNORECASE,
)


def settle(drafts: Sequence[Draft], page: PageContent) -> list[Draft]:
    """``drafts`` with page numbers named and body text taken for furniture given back."""
    settled = [_settled(draft, page) for draft in drafts]
    if all(draft.kind in _FURNITURE for draft in settled):
        # Words alone on a page are what the page says.
        return [_body(draft) for draft in settled]
    return settled


def _body(draft: Draft) -> Draft:
    return replace(draft, kind="text") if draft.kind in ("header", "footer") else draft


def headers_first(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` with headers before and footers behind everything else."""
    place = {"header": 0, "footer": 2}
    return sorted(drafts, key=lambda draft: place.get(draft.kind, 1))


def _settled(draft: Draft, page: PageContent) -> Draft:
    if draft.kind in ("header", "footer"):
        return _checked(draft, page)
    outermost = (
        draft.box.bottom < _MARGIN * page.height or draft.box.top > (1 - _MARGIN) * page.height
    )
    if draft.kind in ("text", "sub_title") and outermost and _PAGE_NUMBER.match(draft.text.strip()):
        return replace(draft, kind="page_number")
    return draft


def _is_stamp(draft: Draft, page: PageContent) -> bool:
    """Whether ``draft`` runs up or down along a side of the page, as archives stamp theirs."""
    box = draft.box
    aside = box.right < _MARGIN * page.width or box.left > (1 - _MARGIN) * page.width
    return aside and box.height > _UPRIGHT * box.width


def _checked(draft: Draft, page: PageContent) -> Draft:
    if _is_stamp(draft, page):
        return replace(draft, kind="header")
    if _PAGE_NUMBER.match(draft.text.strip()):
        return replace(draft, kind="page_number")
    if draft.kind == "footer" and _FOOTNOTE.match(draft.text.strip()):
        return replace(draft, kind="footnote")
    middle = draft.box.middle / page.height
    misplaced = middle > _TOP if draft.kind == "header" else middle < _BOTTOM
    long = len(rows_of(draft.lines)) > _MOST_ROWS or len(draft.text.split()) > _MOST_WORDS
    return replace(draft, kind="text") if misplaced or long else draft
