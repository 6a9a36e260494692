"""Escapes raw HTML except tables and a few tags for which Markdown has no marks."""

import re

from shared.document.code_spans import is_escaped, sub_outside_code
from shared.document.draft import per_prose
from shared.document.syntax import (
    CLEAN_ATTRIBUTES,
    ESCAPED_OPENING,
    HTML_LINE,
    HTML_MARKUP,
    PROSE_MARKUP,
    SPAN_ATTRIBUTE,
)


@per_prose
def neutral_html(text: str) -> str:
    """Escape every ``<`` of one block that could begin HTML outside of code."""
    if "<" not in text:
        return text
    if HTML_LINE.search(text):
        return neutralise_all(text)
    # GitHub makes a backslash after a bare address part of the link.
    text = sub_outside_code(ESCAPED_OPENING, _without_backslash, text)
    last = text.rfind(">")
    return sub_outside_code(PROSE_MARKUP, lambda match: _in_prose(match, last), text)


def neutralise_all(text: str) -> str:
    """``text`` with all of it treated as raw HTML; keeps the number of lines."""
    return HTML_MARKUP.sub(_in_html, text) if "<" in text else text


def _in_html(match: re.Match[str]) -> str:
    return "&lt;" if match["tag"] is None else _clean(match)


def _without_backslash(match: re.Match[str]) -> str:
    return match.group() if is_escaped(match.string, match.start()) else "&lt;"


def _in_prose(match: re.Match[str], last_closing: int) -> str:
    prefix = match["prefix"] or ""
    if match["autolink"]:
        return match.group()
    if match["tag"]:
        return prefix + _clean(match)
    if match["prefix"] is None and is_escaped(match.string, match.start()):
        return match.group()
    # A Markdown renderer treats "<" without a later ">" in its block as text.
    is_markup = match["prefix"] is not None or match["certain"] or last_closing > match.end()
    return prefix + ("&lt;" if is_markup else "<")


def _clean(match: re.Match[str]) -> str:
    if match["close"]:
        return f"</{match['name']}>"
    attributes = match["attributes"]
    if CLEAN_ATTRIBUTES.fullmatch(attributes):
        return match["tag"]
    spans = {span["name"].lower(): span["cells"] for span in SPAN_ATTRIBUTE.finditer(attributes)}
    allowed = "".join(f' {name}="{cells}"' for name, cells in spans.items())
    return f"<{match['name']}{allowed}>"
