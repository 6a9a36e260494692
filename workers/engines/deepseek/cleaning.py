"""Removes known artefacts from the model's text without losing any of the text."""

import re

from shared.document.control_characters import strip_control

_SPECIAL = re.compile(
    r"<\|/?(?:ref|det|grounding|User|Assistant|EOT)\|>|<image>"
    r"|<｜(?:begin▁of▁sentence|end▁of▁sentence|▁pad▁|User|Assistant)｜>"
)
_CENTRE = re.compile(r"</?center>")
_TWICE_ESCAPED = re.compile(r"&amp;(#[0-9]{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
#: "state- of- the- art"; keeps a hanging hyphen before a conjunction ("pre- and post-war").
_HYPHEN_GAP = re.compile(r"(?<=[^\W_])- (?!(?:and|or|to|nor|und|oder|bis|et|ou|y|o|e) )(?=[^\W_])")
_CODE_MARK = re.compile(r"(```|<pre>|</pre>|`[^`\n]*`)")
_CLOSED_BY = {"```": "```", "<pre>": "</pre>"}
_LINE_END = re.compile(r"[ \t]+$", re.MULTILINE)
_GAP = re.compile(r"\n{3,}")
_FIGURE_LINK, _DEAD_LINK = "](figure:", "](figure%3A"


def clean(text: str) -> str:
    """``text`` without control tags and known artefacts; code is left unchanged."""
    text = _SPECIAL.sub("", strip_control(text))
    text = _CENTRE.sub("", _TWICE_ESCAPED.sub(r"&\1;", text))
    text = text.replace("\\coloneqq", ":=").replace("\\eqqcolon", "=:")
    return _GAP.sub("\n\n", _LINE_END.sub("", _close_hyphens(text))).strip()


def _close_hyphens(text: str) -> str:
    """Splits at code marks, because a regular expression over whole code blocks is quadratic."""
    pieces = _CODE_MARK.split(text)
    closing: str | None = None
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            pieces[index] = piece if closing else _HYPHEN_GAP.sub("-", piece)
        elif closing is None:
            closing = _CLOSED_BY.get(piece)
        elif piece == closing:
            closing = None
    return "".join(pieces)


def without_figure_links(text: str) -> str:
    """``text`` with figure links escaped, so that a page can't forge a link to a figure."""
    return text.replace(_FIGURE_LINK, _DEAD_LINK)
