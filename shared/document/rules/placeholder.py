"""Replaces a failed page by a visible note with the reason."""

import re

from shared.document.draft import Draft, per_page
from shared.domain.records.page_result import ErrorInfo

MAX_REASON = 300
_UNKNOWN = ErrorInfo(code="internal", message="no reason was recorded")
_MARKS = re.compile(r"[\\`*\[\]#|~$!]|_(?![^\W_])|(?<![^\W_])_")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", ":": "&#58;", "@": "&#64;"}


@per_page
def placeholder(draft: Draft) -> Draft:
    """Replace the text of a failed page by a note; remove the text of a blank page."""
    result = draft.result
    if result.status == "ok":
        return draft
    if result.status == "blank":
        return draft.with_text("")
    error = result.error or _UNKNOWN
    note = f"> **Page {result.page} could not be read** ({_plain(error.code)})"
    reason = _plain(error.message)
    return draft.with_text(f"{note}: {reason}" if reason else note)


def _plain(text: str) -> str:
    """``text`` as one short line that every renderer shows as plain text."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line) > MAX_REASON:
        line = line[: MAX_REASON - 1].rstrip() + "…"
    # Entities last: they contain marks that must not be escaped.
    escaped = _MARKS.sub(r"\\\g<0>", line)
    return "".join(_ENTITIES.get(c, c) for c in escaped)
