"""Breaks text in code that looks like a page anchor, because readers split at anchors."""

from collections.abc import Iterable, Iterator

from shared.document.draft import Draft, Piece
from shared.document.syntax import ANCHOR_OPENING


def forged_anchors(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """Insert a space into every remaining ``<!-- page``; these are in code only."""
    for draft in drafts:
        yield draft._replace(pieces=tuple(map(_break_anchor, draft.pieces)))


def _break_anchor(piece: Piece) -> Piece:
    if "<!--" not in piece.text:
        return piece
    return Piece(piece.kind, ANCHOR_OPENING.sub("< !--", piece.text))
