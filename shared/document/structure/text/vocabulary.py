"""The words of a document, which show whether a divided word has a hyphen of its own."""

import re
from collections.abc import Iterable

_WORDS = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")


class Vocabulary:
    """The words of the document, in small letters; compounds with their hyphens."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts
        self._words: frozenset[str] | None = None

    def __contains__(self, word: str) -> bool:
        if self._words is None:
            found: set[str] = set()
            for text in self._texts:
                found.update(_WORDS.findall(_plain(text)))
            self._words = frozenset(found)
        return _plain(word) in self._words


def _plain(word: str) -> str:
    return word.lower().replace("\u2010", "-")
