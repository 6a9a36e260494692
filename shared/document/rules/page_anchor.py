"""Marks the beginning of each page with its number in the source."""

from collections.abc import Iterable, Iterator

from shared.document.draft import Draft


def page_anchor(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """Set the lead of every page: a comment, or a horizontal rule between pages with text."""
    written = False
    for draft in drafts:
        yield draft._replace(lead=_lead(draft, written))
        written = written or bool(draft.pieces)


def _lead(draft: Draft, written: bool) -> str:
    if draft.render.page_breaks == "comment":
        return f"<!-- page {draft.result.page} -->"
    if draft.render.page_breaks == "rule" and written and draft.pieces:
        return "---"
    return ""
