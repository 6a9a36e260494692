"""A page on its way into the document, cut into Markdown blocks that rules rewrite."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from typing import Literal

from shared.domain.records import PageResult, RenderOptions

#: "prose" is read as Markdown; "fence" is a fenced code block with its fences.
PieceKind = Literal["prose", "fence"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One Markdown block with the blank lines after it; pieces tile the page's text."""

    kind: PieceKind
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One page: ``lead`` is written by us before the text, ``pieces`` came from the page."""

    result: PageResult
    render: RenderOptions
    figure_base: str
    pieces: tuple[Piece, ...]
    lead: str = ""

    @property
    def text(self) -> str:
        """The page's Markdown as it stands."""
        return "".join(piece.text for piece in self.pieces)

    def with_text(self, text: str) -> "Draft":
        """The draft with one prose piece, or none where ``text`` is empty."""
        return replace(self, pieces=(Piece("prose", text),) if text else ())


#: A rule sees all pages in order, so that it may also join neighbours.
Rule = Callable[[Iterable[Draft]], Iterator[Draft]]


def per_page(change: Callable[[Draft], Draft]) -> Rule:
    """The rule that applies ``change`` to each page by itself."""

    @wraps(change)
    def rule(drafts: Iterable[Draft]) -> Iterator[Draft]:
        return map(change, drafts)

    return rule


def per_prose(change: Callable[[str], str]) -> Rule:
    """The rule that applies ``change`` to every piece that is not fenced code."""

    def rewrite(piece: Piece) -> Piece:
        if piece.kind == "fence":
            return piece
        text = change(piece.text)
        return piece if text == piece.text else Piece("prose", text)

    @wraps(change)
    def rule(drafts: Iterable[Draft]) -> Iterator[Draft]:
        for draft in drafts:
            yield replace(draft, pieces=tuple(map(rewrite, draft.pieces)))

    return rule
