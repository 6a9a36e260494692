"""Writes text with marks as inline Markdown."""

import html
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from workers.engines.cpu.marks.emphasis_edges import Piece, style_ends, with_valid_edges
from workers.engines.cpu.marks.signs import (
    ANY,
    BOLD,
    ITALIC,
    LINKED,
    RAISED,
    SHIFTED,
    STRUCK,
    shown_target,
    without_marks,
)

#: The Markdown around words of each style.
DELIMITERS = {BOLD[0]: "**", ITALIC[0]: "*", STRUCK[0]: "~~"}
_ENDS = {end: start for start, end in (BOLD, ITALIC, STRUCK)}
_ESCAPES = re.compile(r"\\([!-/:-@\[-`{-~])|&lt;|&amp;")
_BACKTICKS = re.compile("`+")
#: Shorter words are no address.
_SHORTEST_ADDRESS = 6
_TOKEN = re.compile(
    rf"{LINKED.pattern}|\ufddd(?P<code>[^\ufddd\ufdde]*)\ufdde|(?P<shifted>{SHIFTED.pattern})"
    r"|(?P<mark>[\ufdd0-\ufddf])|(?P<text>\\[!-/:-@\[-`{-~]|&\w{1,6};|\s+|[^\W_]+|.)",
    re.DOTALL,
)


def in_markdown(text: str) -> str:
    """Escaped ``text`` with its marks as Markdown."""
    return _inline(LINKED.sub(_plain_address, text)) if ANY.search(text) else text


def _inline(text: str) -> str:
    return _written(list(_with_joined_code(with_valid_edges(list(_pieces(text))))))


def _pieces(text: str) -> Iterator[Piece]:
    styles: frozenset[str] = frozenset()
    for match in _TOKEN.finditer(text):
        mark = match["mark"]
        if mark is None:
            piece = _piece(match, styles)
            if piece.text:
                yield piece
        elif mark in DELIMITERS:
            styles |= {mark}
        else:
            styles -= {_ENDS.get(mark, "")}


def _piece(match: re.Match[str], styles: frozenset[str]) -> Piece:
    if match["text"]:
        return Piece(match["text"], styles)
    if match["shifted"]:
        return Piece(_shifted(match["shifted"]), styles)
    if match["code"] is None:
        return Piece(_link(match.group(1), shown_target(match.group(2))), styles)
    code = without_marks(_ESCAPES.sub(_unescaped, match["code"]))
    return Piece(_code_span(code), styles, code) if code.strip() else Piece(code, styles)


def _with_joined_code(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """``pieces`` with adjacent code of one style in one code span."""
    for (styles, is_code), run in groupby(pieces, key=lambda own: (own.styles, bool(own.code))):
        if is_code:
            code = "".join(piece.code for piece in run)
            yield Piece(_code_span(code), styles, code)
        else:
            yield from run


def _code_span(code: str) -> str:
    """``code`` in a fence that is longer than any run of backticks in it."""
    longest = max(map(len, _BACKTICKS.findall(code)), default=0)
    fence = "`" * (longest + 1)
    space = " " if code[0] == "`" or code[-1] == "`" else ""
    return f"{fence}{space}{code}{space}{fence}"


def _unescaped(match: re.Match[str]) -> str:
    return match.group(1) or html.unescape(match.group())


def _shifted(text: str) -> str:
    name = "sup" if text[0] == RAISED else "sub"
    return f"<{name}>{without_marks(text)}</{name}>"


def _written(pieces: Sequence[Piece]) -> str:
    """``pieces`` with the delimiters of their styles, properly nested."""
    ends = style_ends(pieces)
    text, opened = "", list[str]()
    for index, piece in enumerate(pieces):
        while opened and not piece.styles.issuperset(opened):
            text += DELIMITERS[opened.pop()]
        new = sorted(
            piece.styles.difference(opened), key=lambda style: (-ends[style][index], style)
        )
        opened += new
        text += "".join(DELIMITERS[style] for style in new) + piece.text
    return text + "".join(DELIMITERS[style] for style in reversed(opened))


def _link(words: str, target: str) -> str:
    bare = without_marks(words).replace("\\", "")
    if bare in (target, target.removeprefix("mailto:")):
        return without_marks(words)
    # An address inside the words would become a link inside a link.
    return f"[{_inline(words.replace('[', '&#91;').replace(']', '&#93;'))}]({target})"


def _plain_address(match: re.Match[str]) -> str:
    """A link whose words are its address: without emphasis, and without the gap of a line end."""
    words, target = match.group(1), shown_target(match.group(2))
    shown = _address(without_marks(words))
    whole = _address(target.removeprefix("mailto:"))
    if len(shown) < _SHORTEST_ADDRESS or shown not in whole:
        return match.group()
    plain = without_marks(words)
    if shown == whole or whole.endswith(f"://{shown}"):
        plain = "".join(plain.split())
    return match.group().replace(words, plain, 1)


def _address(text: str) -> str:
    """``text`` as an address is compared: without gaps, escapes and the point of a sentence."""
    return "".join(text.split()).replace("\\", "").rstrip(".,;/").casefold()
