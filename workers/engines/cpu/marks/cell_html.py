"""Writes text with marks as the HTML of a table cell."""

import html
import re

from workers.engines.cpu.marks.signs import (
    ANY,
    LINKED,
    LOWERED,
    LOWERED_END,
    RAISED,
    RAISED_END,
    SEAM,
    STRUCK,
    shown_target,
    without_marks,
)

#: The tags that a cell may have in a document, and the Markdown of struck words.
_TAGS = str.maketrans(
    {
        RAISED: "<sup>",
        RAISED_END: "</sup>",
        LOWERED: "<sub>",
        LOWERED_END: "</sub>",
        **dict.fromkeys(STRUCK, "~~"),
    }
)


def in_html(text: str) -> str:
    """Escaped ``text`` of a table cell with its marks as HTML; an address follows its words.

    Emphasis is lost: a document has no tags for it, because they would break its plain cells.
    """
    if not ANY.search(text):
        return text
    return ANY.sub("", LINKED.sub(_html_link, SEAM.sub(r"\1", text)).translate(_TAGS))


def _html_link(match: re.Match[str]) -> str:
    words, target = match.group(1), shown_target(match.group(2))
    known = html.unescape(without_marks(words)) in (target, target.removeprefix("mailto:"))
    return words if known else f"{words} ({html.escape(target, quote=False)})"
