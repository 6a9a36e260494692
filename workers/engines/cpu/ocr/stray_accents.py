"""Removes accents that the recogniser reads from dirt, on pages of a language without accents."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.values import Line

_WORD = re.compile(r"[^\W\d_]+")
#: If more than this part of the letters is in accented words, the language has accents.
_RARE = 0.004


def without_stray_accents(lines: Sequence[Line]) -> list[Line]:
    """``lines`` with stray accents removed.

    An accent is stray if accents are rare on the page, the word has only this one, and the page
    has the same word without it. Lines of a text layer (``score`` None) stay as they are.
    """
    words = Counter(
        word for line in lines if line.score is not None for word in _WORD.findall(line.text)
    )
    accented = [word for word in words if _plain(word) != word]
    letters = sum(len(word) * count for word, count in words.items())
    if not accented or sum(words[word] for word in accented) > _RARE * letters:
        return list(lines)
    plain = {word.casefold() for word in words if word not in accented}
    stray = {
        word for word in accented if _has_one_accent(word) and _plain(word).casefold() in plain
    }
    return [
        line if line.score is None else replace(line, text=_without_accents(line.text, stray))
        for line in lines
    ]


def _without_accents(text: str, words: set[str]) -> str:
    """``text`` with the accents of ``words`` removed."""
    return _WORD.sub(
        lambda match: _plain(match.group()) if match.group() in words else match.group(), text
    )


def _has_one_accent(word: str) -> bool:
    return sum(a != b for a, b in zip(word, _plain(word), strict=True)) == 1


def _plain(word: str) -> str:
    """``word`` with every accented Latin letter replaced by its base letter."""
    return "".join(_base_letter(letter) for letter in word)


def _base_letter(letter: str) -> str:
    decomposed = unicodedata.normalize("NFD", letter)
    latin = decomposed[0].isascii() and all(map(unicodedata.combining, decomposed[1:]))
    return decomposed[0] if latin else letter
