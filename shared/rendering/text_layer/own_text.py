"""Tells blocks whose words the page already has from blocks that need a text layer."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import normalize

from shared.rendering.text_layer.placing import Area

#: Share of a page's words in its own text from which nothing is added to the page.
WHOLE_PAGE = 0.8
#: The same for a single block.
ONE_BLOCK = 0.6
#: Boxes are this much larger where words of the page are searched in them, in points.
_MARGIN = 4.0
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class PageWord:
    """A word of the page's own text and its middle on the upright page."""

    text: str
    x: float
    y: float


class OwnText:
    """The text that a page has before anything is added to it."""

    def __init__(self, words: Iterable[PageWord]) -> None:
        self._words = tuple(words)

    def has_page(self, lines: Iterable[str]) -> bool:
        """Whether it holds most of ``lines``, all lines of the page."""
        found = _pairs("".join(word.text for word in self._words))
        return bool(found) and _share(_pairs("".join(lines)), found) >= WHOLE_PAGE

    def has_block(self, lines: Iterable[str], box: Area, *, formula: bool) -> bool:
        """Whether it holds most of ``lines`` in ``box``.

        A formula is also there in other characters: engines write it as LaTeX.
        """
        inside = _letters("".join(word.text for word in self._words if _is_inside(word, box)))
        if formula:
            return bool(inside)
        return bool(inside) and _share(_pairs("".join(lines)), _pairs(inside)) >= ONE_BLOCK


def _is_inside(word: PageWord, box: Area) -> bool:
    return (
        box.left - _MARGIN <= word.x <= box.right + _MARGIN
        and box.top - _MARGIN <= word.y <= box.bottom + _MARGIN
    )


def _letters(text: str) -> str:
    return _NO_LETTER.sub("", normalize("NFKC", text).casefold())


def _pairs(text: str) -> frozenset[str]:
    """Neighbouring characters; they need no division into words, which many scripts lack."""
    letters = _letters(text)
    return frozenset(letters[start : start + 2] for start in range(max(1, len(letters) - 1)))


def _share(wanted: frozenset[str], found: frozenset[str]) -> float:
    return len(wanted & found) / len(wanted)
