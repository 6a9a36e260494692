"""Puts words into the order in which they stand on the page from left to right.

Readers expect the characters of right-to-left words in this order too, and reverse them.
"""

from itertools import groupby
from unicodedata import bidirectional

_RIGHT_TO_LEFT = ("R", "AL")


def visual_order(words: list[str]) -> list[str]:
    """The words of one line from left to right, each with its characters from left to right."""
    if not any(map(_is_right_to_left, words)):
        return words
    shown = [word[::-1] if _is_right_to_left(word) else word for word in words]
    runs = [list(run) for _, run in groupby(shown, _is_right_to_left)]
    if not is_mostly_right_to_left(words):
        ordered = [list(reversed(run)) if _is_right_to_left(run[0]) else run for run in runs]
        return [word for run in ordered for word in run]
    ordered = [run if not _is_right_to_left(run[0]) else list(reversed(run)) for run in runs]
    return [word for run in reversed(ordered) for word in run]


def _is_right_to_left(word: str) -> bool:
    return any(bidirectional(character) in _RIGHT_TO_LEFT for character in word)


def is_mostly_right_to_left(words: list[str]) -> bool:
    """Whether right-to-left letters are in the majority."""
    kinds = [bidirectional(character) for word in words for character in word]
    found = sum(kind in _RIGHT_TO_LEFT for kind in kinds)
    return found > 0 and found >= kinds.count("L")
