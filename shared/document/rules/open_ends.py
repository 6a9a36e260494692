"""Closes what a page leaves open, so that no page can swallow the pages after it."""

import re
from collections.abc import Iterator
from dataclasses import replace

from shared.document.code_spans import code_spans
from shared.document.draft import Draft, Piece, per_page
from shared.document.syntax import TAG, VOID_TAGS

_OPENING = re.compile(r"[ \t>*+.)\-0-9]*(?P<marks>`{3,}|~{3,})")


@per_page
def open_ends(draft: Draft) -> Draft:
    """Append closing marks for an open code fence and for open tags."""
    if not draft.pieces:
        return draft
    endings = _fence_ending(draft.pieces[-1]) + _tag_endings(draft.pieces)
    if not endings:
        return draft
    return replace(draft, pieces=(*draft.pieces, Piece("prose", endings)))


def _fence_ending(last: Piece) -> str:
    opening = _OPENING.match(last.text) if last.kind == "fence" else None
    if opening is None:
        return ""
    marks = opening["marks"]
    lines = last.text.rstrip("\n").split("\n")
    closing = re.compile(rf"[ \t>]*{re.escape(marks)}{re.escape(marks[0])}*[ \t]*")
    return "" if len(lines) > 1 and closing.fullmatch(lines[-1]) else "\n" + marks


def _tag_endings(pieces: tuple[Piece, ...]) -> str:
    names = [name for piece in pieces for name in _open_tags(piece)]
    stack: list[str] = []
    for name in names:
        if not name.startswith("/"):
            stack.append(name)
        elif name[1:] in stack:
            del stack[_last(stack, name[1:]) :]
    return "\n" + "".join(f"</{name}>" for name in reversed(stack)) if stack else ""


def _last(stack: list[str], name: str) -> int:
    return len(stack) - 1 - stack[::-1].index(name)


def _open_tags(piece: Piece) -> Iterator[str]:
    """Names of the tags outside of code, closing ones with a slash before them."""
    if piece.kind == "fence" or "<" not in piece.text:
        return
    spans = code_spans(piece.text)
    for match in TAG.finditer(piece.text):
        name = match["name"].lower()
        in_code = any(start < match.start() < end for start, end in spans)
        if name not in VOID_TAGS and not in_code:
            yield match["close"] + name
