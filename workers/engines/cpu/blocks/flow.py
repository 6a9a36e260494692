"""Makes paragraphs whole again that a column's end, a figure or a footnote cut in two."""

import re
from collections.abc import Sequence

from workers.engines.cpu.blocks.paragraphs import ends_sentence, join

Piece = tuple[str, str]
#: Blocks that may stand between the two halves of a paragraph.
_BETWEEN = frozenset(
    {"image", "image_caption", "table", "table_caption", "table_footnote", "footnote"}
)
_TO_SKIP = frozenset({"header", "footer", "page_number"})
_GOES_ON = re.compile(r"^[a-zà-öø-ÿ(]")
_HAS_WORDS = re.compile(r"\w+\W+\w+")


def joined_across(pieces: Sequence[Piece]) -> list[Piece]:
    """``pieces`` (kind, Markdown) without empty ones, cut paragraphs joined at their first half."""
    joined: list[Piece] = []
    for kind, body in pieces:
        if not body or kind in _TO_SKIP:
            continue
        place = _unfinished(joined) if kind == "text" and _GOES_ON.match(body) else None
        if place is None:
            joined.append((kind, body))
        else:
            joined[place] = ("text", _glued(joined[place][1], body))
    return joined


def _unfinished(pieces: Sequence[Piece]) -> int | None:
    """Place of the last paragraph where it breaks off within a sentence."""
    for place in range(len(pieces) - 1, -1, -1):
        kind, body = pieces[place]
        if kind == "text":
            whole = ends_sentence(body) or not _HAS_WORDS.search(body)
            return None if whole else place
        if kind not in _BETWEEN:
            return None
    return None


def _glued(first: str, second: str) -> str:
    *before, last = first.split("\n\n")
    start, *after = second.split("\n\n")
    return "\n\n".join([*before, join([last, start], f"{first} {second}"), *after])
