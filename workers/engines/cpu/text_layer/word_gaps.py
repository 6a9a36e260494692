"""Finds the spaces between words where the gaps are narrow or every letter has a gap."""

import itertools
import re
from collections.abc import Sequence
from statistics import median

from workers.engines.cpu.characters import is_cjk
from workers.engines.cpu.values import Box, Character

#: A gap of more than this many font sizes, beyond the line's usual gap, ends a word.
_WORD_GAP = 0.11
#: Gaps inside words are narrower than this, in font sizes; in a line of even spacing at least
#: ``_MOSTLY`` of the gaps are.
_LETTER_GAP, _MOSTLY = 0.04, 0.55
#: A line with fewer letters shows no usual gap.
_FEWEST_LETTERS = 5
#: Spaced letters are at least this many, and a gap of this many usual gaps parts two words.
_FEWEST_SPACED, _WORD_TO_LETTER_GAP = 5, 1.5
#: Spaced letters that are not all capitals make words of these forms, one of them so long.
_WORD, _LONG_WORD = re.compile(r"[^\W\d_]?[^\W\d_A-Z]+[.,:;]?|[^\W\d_a-z]+[.,:;]?|\d+[.,:;]?"), 4


def with_word_gaps(characters: Sequence[Character]) -> list[Character]:
    """``characters``, from left to right, with a space in each gap that is as wide as one."""
    gaps = [_gap(before, after) for before, after in itertools.pairwise(characters)]
    known = [gap for gap in gaps if gap is not None]
    narrow = sum(gap < _LETTER_GAP for gap in known)
    if len(known) < _FEWEST_LETTERS or narrow < _MOSTLY * len(known) or narrow == len(known):
        return list(characters)
    result = [characters[0]]
    for character, gap in zip(characters[1:], gaps, strict=True):
        if gap is not None and gap > _WORD_GAP:
            result.append(_space(result[-1], character))
        result.append(character)
    return result


def without_letter_spacing(characters: Sequence[Character]) -> list[Character]:
    """``characters`` without the spaces of spaced letters, such as in "A N N U A L"."""
    letters = [character for character in characters if character.text.strip()]
    text = "".join(character.text for character in characters).strip()
    if len(letters) < _FEWEST_SPACED or any(map(len, re.split(r"\S(?:\s+|$)", text))):
        return list(characters)
    gaps = [b.box.left - a.box.right for a, b in itertools.pairwise(letters)]
    usual = median(gaps)
    result = [letters[0]]
    for letter, gap in zip(letters[1:], gaps, strict=True):
        if gap > _WORD_TO_LETTER_GAP * usual:
            result.append(_space(result[-1], letter))
        result.append(letter)
    return result if _are_words("".join(one.text for one in result)) else list(characters)


def _are_words(text: str) -> bool:
    """Whether ``text`` without its spacing is words, and no row of single letters or numbers."""
    words = text.split()
    if all(word.isalpha() and word.isupper() for word in words):
        return True
    longest = max((len(word) for word in words if word[0].isalpha()), default=0)
    return longest >= _LONG_WORD and all(map(_WORD.fullmatch, words))


def _gap(before: Character, after: Character) -> float | None:
    """The gap between two letters in font sizes; None beside a space, a shift or CJK text."""
    if before.text.isspace() or after.text.isspace() or before.shift != after.shift:
        return None
    if is_cjk(before.text[0]) or is_cjk(after.text[0]):
        return None
    return (after.box.left - before.box.right) / max(before.size, after.size)


def _space(before: Character, after: Character) -> Character:
    box = Box(before.box.right, before.box.top, after.box.left, before.box.bottom)
    return before._replace(text=" ", box=box, is_gap=True)
