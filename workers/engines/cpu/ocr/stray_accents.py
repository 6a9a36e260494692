"""Takes away accents that the recogniser sees in dirt on pages of a language without them."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.values import Line

_WORD = re.compile(r"[^\W\d_]+")
#: Where more of the letters than this carry accents, the language has them.
_RARE = 0.004


def without_stray_accents(lines: Sequence[Line]) -> list[Line]:
    """``lines`` with a word's only accent gone where the page has the word without it too."""
    words = Counter(
        word for line in lines if line.score is not None for word in _WORD.findall(line.text)
    )
    accented = [word for word in words if _plain(word) != word]
    letters = sum(len(word) * count for word, count in words.items())
    if not accented or sum(words[word] for word in accented) > _RARE * letters:
        return list(lines)
    plain = {word.casefold() for word in words if word not in accented}
    stray = {word for word in accented if _has_one(word) and _plain(word).casefold() in plain}
    return [
        line if line.score is None else replace(line, text=_mended(line.text, stray))
        for line in lines
    ]


def _mended(text: str, stray: set[str]) -> str:
    return _WORD.sub(
        lambda found: _plain(found.group()) if found.group() in stray else found.group(), text
    )


def _has_one(word: str) -> bool:
    """Whether ``word`` differs from its plain form in one letter."""
    return sum(a != b for a, b in zip(word, _plain(word), strict=True)) == 1


def _plain(word: str) -> str:
    """``word`` with every letter that is one with a mark replaced by that letter."""
    return "".join(_bare(letter) for letter in word)


def _bare(letter: str) -> str:
    apart = unicodedata.normalize("NFD", letter)
    latin = apart[0].isascii() and all(map(unicodedata.combining, apart[1:]))
    return apart[0] if latin else letter
