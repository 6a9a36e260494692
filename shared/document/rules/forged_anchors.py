"""Keeps code from looking like the page anchors that readers of the document split at."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from shared.document.draft import Draft, Piece
from shared.document.syntax import ANCHOR_OPENING


def forged_anchors(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """Set a space into ``<!-- page`` wherever it still stands, which is in code only."""
    for draft in drafts:
        yield replace(draft, pieces=tuple(map(_break_anchor, draft.pieces)))


def _break_anchor(piece: Piece) -> Piece:
    if "<!--" not in piece.text:
        return piece
    return Piece(piece.kind, ANCHOR_OPENING.sub("< !--", piece.text))
