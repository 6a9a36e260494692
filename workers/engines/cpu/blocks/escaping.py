"""Keeps text that was read from breaking out into Markdown or HTML."""

import re

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
_BACKSLASH = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_LINK = re.compile(r"\](?=\()")
_DEFINITION = re.compile(r"^\[(?=[^\]]{1,200}\]:)")
_FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})")
_LINE_START = re.compile(r"^(#{1,6}(?=\s|$)|>|[-+*](?=\s|$)|=+\s*$|-+\s*$|\|)")
#: A year or a code, not the number of a list item.
_NUMBER_START = re.compile(r"^(\d{3,9})([.)])(?=\s|$)")
#: Inside a word they mean nothing.
_UNDERSCORES = re.compile(r"(?<![^\W_])_+(?=\S)|(?<=\S)_+(?![^\W_])")
_RULE = re.compile(r"^([-_*])(?=(\s*\1){2,}\s*$)")


def inline(text: str) -> str:
    """``text`` as Markdown that shows the same characters and opens nothing."""
    text = _BACKSLASH.sub(r"\\\\", text)
    text = _TAG.sub("&lt;", _ENTITY.sub("&amp;", text))
    text = _LINK.sub(r"\\]", _DEFINITION.sub(r"\\[", text))
    for mark in ("`", "*", "~~"):
        if text.count(mark) > 1:
            text = text.replace(mark, "\\" + mark)
    return _UNDERSCORES.sub(lambda run: "\\_" * len(run.group()), text)


def paragraph(text: str) -> str:
    """``text`` as a paragraph of its own: no heading, bullet, quote or rule begins by accident."""
    text = inline(text.strip())
    text = _FENCE.sub(r"\1\\\2", text)
    text = _LINE_START.sub(r"\\\1", _RULE.sub(r"\\\1", text))
    return _NUMBER_START.sub(r"\1\\\2", text)


def fenced(code: str) -> str:
    """``code`` in a fence that is longer than any inside it."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{code}\n{fence}"
