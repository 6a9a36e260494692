"""Removes links to figures that the page does not have."""

from shared.document.code_spans import sub_outside_code
from shared.document.draft import Draft, Piece, per_page
from shared.document.rules.code_fences import split
from shared.document.syntax import FIGURE_LINK


@per_page
def missing_figures(draft: Draft) -> Draft:
    """Remove ``![](figure:N)`` where there is no figure N."""
    text = "".join(_without(piece, len(draft.result.figures)) for piece in draft.pieces)
    if text == draft.text:
        return draft
    # Text after a removed link may now begin a line, which can change the blocks.
    return draft._replace(pieces=split(text.strip()))


def _without(piece: Piece, figures: int) -> str:
    if piece.kind == "fence" or "](figure:" not in piece.text:
        return piece.text
    text = sub_outside_code(
        FIGURE_LINK,
        lambda match: match.group() if 1 <= int(match["number"]) <= figures else "",
        piece.text,
    )
    return text if text.strip() else ""
