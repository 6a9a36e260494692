"""Puts the characters of a right-to-left line into reading order."""

import re
from collections.abc import Sequence

from workers.engines.cpu.characters import is_mostly_rtl, is_rtl
from workers.engines.cpu.values import Character

#: Marks that belong to a number, such as in -12.5% or 3:00.
_OF_NUMBERS = frozenset(".,:/%+-−°$€£₪#'")
_ARABIC_DIGITS = re.compile("[\u0660-\u0669\u06f0-\u06f9]")
_MIRRORED = str.maketrans("()[]{}«»", ")(][}{»«")
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def in_logical_order(characters: Sequence[Character]) -> list[Character]:
    """``characters``, which are sorted from left to right, in the order in which they are read.

    Numbers and words of other scripts keep their direction inside right-to-left text.
    """
    text = "".join(character.text for character in characters)
    if is_mostly_rtl(text):
        return _mirrored(_reversed(characters))
    ordered: list[Character] = []
    start = 0
    while start < len(characters):
        end = _end_of_rtl_run(characters, start)
        run = characters[start : max(end, start + 1)]
        ordered += _mirrored(_reversed(run)) if end > start else run
        start += len(run)
    return ordered


def _end_of_rtl_run(characters: Sequence[Character], start: int) -> int:
    """The end of the right-to-left run at ``start``, inner spaces and digits included."""
    end = start
    for index in range(start, len(characters)):
        text = characters[index].text
        if is_rtl(text[0]):
            end = index + 1
        elif text.isalpha() or (index == start):
            break
    return end


def _reversed(characters: Sequence[Character]) -> list[Character]:
    """``characters`` from right to left, numbers and foreign words inside kept as they are."""
    units: list[Sequence[Character]] = []
    start = 0
    while start < len(characters):
        end = _end_of_unit(characters, start)
        units.append(characters[start:end])
        start = end
    return [character for unit in reversed(units) for character in unit]


def _end_of_unit(characters: Sequence[Character], start: int) -> int:
    """The end of the number or foreign words that begin at ``start``, else ``start`` + 1."""
    end = start + 1
    first = characters[start].text
    if not _runs_right(first) and not (first in _OF_NUMBERS and _is_digit(characters, start + 1)):
        return end
    words = first.isalpha()
    for index in range(start, len(characters)):
        text = characters[index].text
        if is_rtl(text[0]) and not _is_arabic_digit(text):
            break
        words = words or text.isalpha()
        if _runs_right(text) or (text in _OF_NUMBERS and _is_digit(characters, index - 1)):
            end = index + 1
        elif text not in _OF_NUMBERS and not (words and not text.isdigit()):
            break
    return end


def _runs_right(text: str) -> bool:
    return text.isdigit() or (text.isalpha() and not is_rtl(text[0])) or _is_arabic_digit(text)


def _is_arabic_digit(text: str) -> bool:
    return bool(_ARABIC_DIGITS.match(text))


def _is_digit(characters: Sequence[Character], index: int) -> bool:
    return 0 <= index < len(characters) and characters[index].text.isdigit()


def _mirrored(characters: list[Character]) -> list[Character]:
    """``characters`` with their brackets mirrored, if a closing bracket comes first.

    Some PDFs store the bracket that the page shows and some the bracket that the text means; some
    store one of a pair so and the other so.
    """
    brackets = [c.text for c in characters if c.text in _OPENING | _CLOSING]
    if not brackets:
        return characters
    if _is_pair_of_one(brackets):
        return _paired(characters)
    if brackets[0] not in _CLOSING:
        return characters
    return [c._replace(text=c.text.translate(_MIRRORED)) for c in characters]


def _is_pair_of_one(brackets: Sequence[str]) -> bool:
    """Whether ``brackets`` are the same bracket twice, as no text has them."""
    return len(brackets) == 2 and brackets[0] == brackets[1]


def _paired(characters: list[Character]) -> list[Character]:
    """``characters`` with the first of two like brackets as the opening one."""
    seen = 0
    result = []
    for character in characters:
        if character.text in _OPENING | _CLOSING:
            belongs = _CLOSING if seen else _OPENING
            if character.text not in belongs:
                character = character._replace(text=character.text.translate(_MIRRORED))
            seen += 1
        result.append(character)
    return result
