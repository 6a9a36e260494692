"""Escapes recognised text so that it shows as plain text in Markdown and HTML."""

import re

from workers.engines.cpu.marks.markdown import in_markdown

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
_BACKSLASH = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_ANY_BACKSLASH, _MARK = re.compile(r"\\"), re.compile("[\ufdd0-\ufddf]")
_LINK = re.compile(r"\](?=\()")
_DEFINITION = re.compile(r"^\[(?=[^\]]{1,200}\]:)")
_FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})")
_LINE_START = re.compile(r"^(#{1,6}(?=\s|$)|>|[-+*](?=\s|$)|=+\s*$|-+\s*$|\|)")
#: A year or a code; shorter numbers stay, because they may number a list item.
_NUMBER_START = re.compile(r"^(\d{3,9})([.)])(?=\s|$)")
#: Underscores at the edge of a word; inside a word they have no meaning in Markdown.
_UNDERSCORES = re.compile(r"(?<![^\W_])_+(?=\S)|(?<=\S)_+(?![^\W_])")
#: Each delimiter of Markdown with the marks that become such delimiters.
_DELIMITERS = (
    ("`", re.compile("\ufddd")),
    ("*", re.compile("[\ufdd9\ufddb]")),
    ("~~", re.compile("\ufdd4")),
)
_RULE = re.compile(r"^([-_*])(?=(\s*\1){2,}\s*$)")


def escape_inline(text: str) -> str:
    """``text`` as Markdown that shows the same characters, without links, tags or emphasis.

    The marks of ``marks`` become Markdown.
    """
    return in_markdown(_escaped(text))


def _escaped(text: str) -> str:
    # Delimiters of emphasis may stand after any backslash.
    backslash = _ANY_BACKSLASH if _MARK.search(text) else _BACKSLASH
    text = backslash.sub(r"\\\\", text)
    text = _TAG.sub("&lt;", _ENTITY.sub("&amp;", text))
    text = _LINK.sub(r"\\]", _DEFINITION.sub(r"\\[", text))
    for sign, mark in _DELIMITERS:
        if mark.search(text) or text.count(sign) > 1:
            text = text.replace(sign[0], "\\" + sign[0])
    return _UNDERSCORES.sub(lambda run: "\\_" * len(run.group()), text)


def escape_paragraph(text: str) -> str:
    """``text`` as a Markdown paragraph that is not a heading, list item, quote, rule or fence."""
    text = _escaped(text.strip())
    text = _FENCE.sub(r"\1\\\2", text)
    text = _LINE_START.sub(r"\\\1", _RULE.sub(r"\\\1", text))
    return in_markdown(_NUMBER_START.sub(r"\1\\\2", text))


def code_fence(code: str) -> str:
    """``code`` in a fence that is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{code}\n{fence}"
