"""Closes a code fence that a page leaves open: it would otherwise include the next pages."""

import re

from shared.document.draft import Draft, Piece, per_page
from shared.document.rules.code_fences import open_fence
from shared.document.syntax import has_fence_line

_MARKS = re.compile(r" {0,3}(?P<marks>`{3,}|~{3,})")


@per_page
def open_ends(draft: Draft) -> Draft:
    """Append the closing marks of the fence that is open at the end of the page."""
    if not has_fence_line(draft.text):
        return draft
    opening = _MARKS.match(open_fence(draft.text) or "")
    if opening is None:
        return draft
    return draft._replace(pieces=(*draft.pieces, Piece("prose", "\n" + opening["marks"])))
