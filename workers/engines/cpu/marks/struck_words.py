"""Lets the line through struck words begin and end with whole words."""

from collections.abc import Sequence
from itertools import groupby

from workers.engines.cpu.values import Character

#: A word of so many letters is struck whole where the line leaves out so few at one end of it.
_SHORTEST, _LEFT_OUT = 3, 1


def with_whole_words_struck(characters: Sequence[Character]) -> Sequence[Character]:
    """``characters`` in reading order; a line that is a letter too short or too long is mended.

    A single struck letter stays where the words beside it are not struck.
    """
    if not any(character.struck for character in characters):
        return characters
    runs = [list(run) for _, run in groupby(characters, key=lambda one: one.text.isspace())]
    words = [index for index, run in enumerate(runs) if run[0].text.strip()]
    whole = {index: _is_struck(runs[index]) for index in words}
    result: list[Character] = []
    for index, run in enumerate(runs):
        beside = bool(whole.get(index - 2) or whole.get(index + 2))
        result += _settled(run, beside) if index in whole else run
    return result


def _struck_letters(word: Sequence[Character]) -> tuple[int, int]:
    """How many letters and digits of ``word`` are struck, and how many it has."""
    letters = [character for character in word if character.text[:1].isalnum()]
    return sum(letter.struck for letter in letters), len(letters)


def _is_struck(word: Sequence[Character]) -> bool:
    struck, count = _struck_letters(word)
    short = count - struck <= _LEFT_OUT and count >= _SHORTEST
    return count > 0 and (struck == count or short)


def _settled(word: Sequence[Character], beside: bool) -> Sequence[Character]:
    """``word`` struck whole or not at all, where the line ends near one of its ends."""
    struck, count = _struck_letters(word)
    if not struck or struck == count:
        return word
    if _is_struck(word):
        return [one._replace(struck=one.struck or one.text[:1].isalnum()) for one in word]
    if beside and struck <= _LEFT_OUT and count >= _SHORTEST:
        return [one._replace(struck=False) for one in word]
    return word
