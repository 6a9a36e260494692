"""Recognises furniture: headers, footers and page numbers."""

import re
from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import group_into_rows
from workers.engines.cpu.values import PageContent

#: A header's middle is above the first, a footer's below the second, in page heights.
_HEADER_ZONE, _FOOTER_ZONE = 0.18, 0.80
#: Width of the margin in which a bare number is a page number, in page heights or widths.
_MARGIN = 0.10
#: A block whose height is more than this many times its width runs up or down the page.
_VERTICAL_RATIO = 4.0
#: Furniture has at most this many rows and words; longer blocks are body text.
_MOST_ROWS, _MOST_WORDS = 4, 45
_FURNITURE = frozenset({"header", "footer", "page_number"})
_FOOTNOTE = re.compile(r"^(?:[¹²³⁴⁵⁶⁷⁸⁹⁰]+|[*†‡§])\s*\w|^\d{1,2}(?=[^\W\d])")
_PAGE_NUMBER = re.compile(
    r"^[\[(]?[-–—~·•|\s]*(?:(?:page|seite|p\.|第)\s*)?(?:[A-Z]{0,2}[-.]?\d{1,4}|[ivxlc]{1,7}|\d{1,3}[-–]\d{1,4})"
    r"(?:\s*(?:of|/|von|de|页|頁)\s*\d{0,4})?[-–—~·•|\s]*[\])]?$",
    re.IGNORECASE,
)


def classify_furniture(drafts: Sequence[Draft], page: PageContent) -> list[Draft]:
    """``drafts`` with page numbers marked, and body text no longer marked as furniture."""
    classified = [_classified(draft, page) for draft in drafts]
    if all(draft.kind in _FURNITURE for draft in classified):
        # A page with furniture only has a few words, and these are its text.
        return [_as_text(draft) for draft in classified]
    return classified


def headers_first(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` with headers before and footers after all other blocks."""
    position = {"header": 0, "footer": 2}
    return sorted(drafts, key=lambda draft: position.get(draft.kind, 1))


def _as_text(draft: Draft) -> Draft:
    return replace(draft, kind="text") if draft.kind in ("header", "footer") else draft


def _classified(draft: Draft, page: PageContent) -> Draft:
    if draft.kind in ("header", "footer"):
        return _classified_furniture(draft, page)
    box = draft.box
    in_margin = box.bottom < _MARGIN * page.height or box.top > (1 - _MARGIN) * page.height
    if draft.kind in ("text", "sub_title") and in_margin and _is_page_number(draft):
        return replace(draft, kind="page_number")
    return draft


def _classified_furniture(draft: Draft, page: PageContent) -> Draft:
    if _is_side_stamp(draft, page):
        return replace(draft, kind="header")
    if _is_page_number(draft):
        return replace(draft, kind="page_number")
    if draft.kind == "footer" and _FOOTNOTE.match(draft.text.strip()):
        return replace(draft, kind="footnote")
    y = draft.box.center_y / page.height
    misplaced = y > _HEADER_ZONE if draft.kind == "header" else y < _FOOTER_ZONE
    long = len(group_into_rows(draft.lines)) > _MOST_ROWS or len(draft.text.split()) > _MOST_WORDS
    return replace(draft, kind="text") if misplaced or long else draft


def _is_page_number(draft: Draft) -> bool:
    return bool(_PAGE_NUMBER.match(draft.text.strip()))


def _is_side_stamp(draft: Draft, page: PageContent) -> bool:
    """Whether ``draft`` runs along the left or right edge, like the stamp of an archive."""
    box = draft.box
    in_margin = box.right < _MARGIN * page.width or box.left > (1 - _MARGIN) * page.width
    return in_margin and box.height > _VERTICAL_RATIO * box.width
