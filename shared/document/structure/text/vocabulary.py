"""The words of a document, which show whether a divided word has a hyphen of its own."""

import re

_WORDS = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
#: Different words that are remembered; a book has a tenth of them.
MOST_WORDS = 500_000


class Vocabulary:
    """The words of the document, in small letters; compounds with their hyphens."""

    def __init__(self) -> None:
        self._words: set[str] = set()

    def add(self, text: str) -> None:
        """Remember the words of ``text``, unless there are too many already."""
        if len(self._words) < MOST_WORDS:
            self._words.update(_WORDS.findall(_plain(text)))

    def __contains__(self, word: str) -> bool:
        return _plain(word) in self._words


def _plain(word: str) -> str:
    return word.lower().replace("\u2010", "-")
