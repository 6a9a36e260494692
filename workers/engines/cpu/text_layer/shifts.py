"""Finds raised and lowered characters by their baselines."""

from collections import Counter
from collections.abc import Sequence

from workers.engines.cpu.values import Character

#: A smaller character than this part of the line's font size may be raised or lowered by
#: ``_RAISED`` or ``_LOWERED`` font sizes (least, most).
_SMALLER = 0.87
_RAISED, _LOWERED = (0.12, 0.9), (0.06, 0.6)
#: The same for a character of the line's font size.
_RAISED_ALONE, _LOWERED_ALONE = (0.2, 0.4), (0.15, 0.4)
#: A raised number after one of these signs is the mark of a note, also after a space.
_BEFORE_NOTES = frozenset(".;:!?)]\"'”’»")
_FRACTION_BARS = frozenset("/\u2044\u2215")


def with_shifts(characters: Sequence[Character]) -> list[Character]:
    """The ``characters`` of a horizontal line, raised and lowered ones marked.

    Those of glyphs that a font draws raised or lowered are marked already.

    Numerators and denominators around a slash stay as they are.
    """
    inked = [character for character in characters if character.text.strip()]
    places = Counter((round(c.baseline, 1), round(c.size, 1)) for c in inked)
    if len(places) < 2 and not any(character.shift for character in inked):
        return list(characters)
    baseline, size = max(places, key=lambda place: (places[place], place[1]))
    shifts = [character.shift or _shift(character, baseline, size) for character in characters]
    return _without_spaces_before_notes(_marked(characters, shifts))


def _shift(character: Character, baseline: float, size: float) -> int:
    rise = (baseline - character.baseline) / size
    smaller = character.size < _SMALLER * size
    if not smaller and character.size > size / _SMALLER:
        return 0
    raised, lowered = (_RAISED, _LOWERED) if smaller else (_RAISED_ALONE, _LOWERED_ALONE)
    if raised[0] < rise < raised[1]:
        return 1
    return -1 if lowered[0] < -rise < lowered[1] else 0


def _marked(characters: Sequence[Character], shifts: Sequence[int]) -> list[Character]:
    """``characters`` with ``shifts``, except in runs beside a fraction bar."""
    result: list[Character] = []
    start = 0
    while start < len(characters):
        end = start
        while end < len(characters) and shifts[end] == shifts[start]:
            end += 1
        run = characters[start:end]
        in_fraction = _is_bar(characters, start - 1) or _is_bar(characters, end)
        shift = 0 if in_fraction else shifts[start]
        result += [character._replace(shift=shift) for character in run]
        start = end
    return result


def _without_spaces_before_notes(characters: Sequence[Character]) -> list[Character]:
    """``characters`` without a space between the end of a sentence and the mark of its note."""
    return [
        character
        for index, character in enumerate(characters)
        if not (character.text.isspace() and _is_before_note(characters, index))
    ]


def _is_before_note(characters: Sequence[Character], space: int) -> bool:
    end = space + 1
    while end < len(characters) and characters[end].shift > 0 and characters[end].text.isdecimal():
        end += 1
    ends_word = end == len(characters) or not characters[end].text.isalnum()
    before = characters[space - 1].text if space else ""
    return end > space + 1 and ends_word and before in _BEFORE_NOTES


def _is_bar(characters: Sequence[Character], index: int) -> bool:
    return 0 <= index < len(characters) and characters[index].text in _FRACTION_BARS
