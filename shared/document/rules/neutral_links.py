"""Breaks links and images unless they lead to the web, to mail or to a figure of the page."""

import re

from shared.document.code_spans import is_escaped, sub_outside_code
from shared.document.draft import per_prose
from shared.document.syntax import BARE_LINK, DEFINITION, FIGURE_OR_UNSAFE_LINK

# Entities instead of backslashes: a backslash before a parenthesis opens a formula.
_PARENTHESIS = "]&#40;"
_COLON = "&#58;"
_SLASHES = "/&#47;"


@per_prose
def neutral_links(text: str) -> str:
    """Break links to other targets, bare links too, and all link definitions of one block."""
    if "](" in text:
        text = sub_outside_code(FIGURE_OR_UNSAFE_LINK, _break_link, text)
    if "]:" in text:
        text = sub_outside_code(DEFINITION, lambda match: match["label"] + _COLON, text)
    if "//" in text or ":" in text:
        text = sub_outside_code(BARE_LINK, _break_bare, text)
    return text


def _break_bare(match: re.Match[str]) -> str:
    return match["scheme"] + _COLON if match["scheme"] else _SLASHES


def _break_link(match: re.Match[str]) -> str:
    if match["figure"] or is_escaped(match.string, match.start()):
        return match.group()
    return _PARENTHESIS
