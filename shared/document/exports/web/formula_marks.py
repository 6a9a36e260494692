r"""Finds formulas between backslashes in inline Markdown: ``\( … \)`` and ``\[ … \]``."""

from markdown_it.rules_inline import StateInline

_CLOSING = {"\\(": "\\)", "\\[": "\\]"}
_LAST = "pagefleet_last_closing_mark"


def formula_at(state: StateInline) -> str | None:
    """The formula that begins at the position of ``state``, with its marks; None without one.

    All calls for one text together take linear time, also where no mark is closed.
    """
    closing = _CLOSING.get(state.src[state.pos : state.pos + 2])
    # At least one character stands between the marks.
    first = state.pos + 3
    if closing is None or _last(state, closing) < first:
        return None
    return state.src[state.pos : state.src.index(closing, first) + len(closing)]


def _last(state: StateInline, closing: str) -> int:
    """Where the last closing mark of the text stands; searched once for a text, else -1."""
    known = state.env.setdefault(_LAST, {})
    key = (state.src, closing)
    if key not in known:
        known[key] = state.src.rfind(closing)
    return int(known[key])
