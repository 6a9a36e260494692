"""Turns ``![](figure:N)`` into relative links to the page's figures."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from shared.document.code_spans import sub_outside_code
from shared.document.draft import Draft, Piece
from shared.document.syntax import FIGURE_LINK


def figure_links(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """Replace ``figure:N`` by the URL of figure N of the page."""
    for draft in drafts:
        yield draft._replace(pieces=tuple(_linked(draft, piece) for piece in draft.pieces))


def figure_url(base: str, key: str) -> str:
    """The relative URL of the figure at ``key``; ``base`` is a URL-encoded folder or ""."""
    folder = f"{base.rstrip('/')}/" if base else ""
    return f"{folder}figures/{quote(key.rsplit('/', 1)[-1], safe='')}"


def _linked(draft: Draft, piece: Piece) -> Piece:
    if piece.kind == "fence" or "](figure:" not in piece.text:
        return piece
    text = sub_outside_code(FIGURE_LINK, lambda match: _link(draft, match), piece.text)
    return Piece("prose", text)


def _link(draft: Draft, match: re.Match[str]) -> str:
    number = int(match["number"])
    if not 1 <= number <= len(draft.result.figures):
        # Removing a missing figure may have joined the halves of another link.
        return f"![{match['alt']}]&#40;figure:{number})"
    url = figure_url(draft.figure_base, draft.result.figures[number - 1].key)
    return f"![{match['alt']}]({url})"
