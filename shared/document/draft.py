"""A page that is being merged: its Markdown as blocks, which the rules rewrite."""

import operator
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Literal, NamedTuple

from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import PageResult

#: "prose" is Markdown; "fence" is a fenced code block with its fences.
PieceKind = Literal["prose", "fence"]


# Named tuples, as units are: a document makes millions of both.
class Piece(NamedTuple):
    """One Markdown block with the blank lines after it; all pieces together are the page's text."""

    kind: PieceKind
    text: str


class Draft(NamedTuple):
    """One page: ``lead`` is added before the text, ``pieces`` come from the engine."""

    result: PageResult
    render: RenderOptions
    figure_base: str
    pieces: tuple[Piece, ...]
    lead: str = ""

    @property
    def text(self) -> str:
        """The current Markdown of the page."""
        if len(self.pieces) == 1:
            return self.pieces[0].text
        return "".join([piece.text for piece in self.pieces])

    def with_text(self, text: str) -> "Draft":
        """This draft with ``text`` as its only prose piece; without pieces for ""."""
        return self._replace(pieces=(Piece("prose", text),) if text else ())


#: A rule gets all pages in order, so that it can also join neighbouring pages.
Rule = Callable[[Iterable[Draft]], Iterator[Draft]]


def per_page(change: Callable[[Draft], Draft]) -> Rule:
    """A rule that applies ``change`` to each page."""

    @wraps(change)
    def rule(drafts: Iterable[Draft]) -> Iterator[Draft]:
        return map(change, drafts)

    return rule


def per_prose(change: Callable[[str], str]) -> Rule:
    """A rule that applies ``change`` to every piece that is not fenced code."""

    def rewrite(piece: Piece) -> Piece:
        if piece.kind == "fence":
            return piece
        text = change(piece.text)
        return piece if text == piece.text else Piece("prose", text)

    @wraps(change)
    def rule(drafts: Iterable[Draft]) -> Iterator[Draft]:
        for draft in drafts:
            pieces = tuple(map(rewrite, draft.pieces))
            is_same = all(map(operator.is_, pieces, draft.pieces))
            yield draft if is_same else draft._replace(pieces=pieces)

    return rule
