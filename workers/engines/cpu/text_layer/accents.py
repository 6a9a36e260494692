"""Joins accents and strokes that a PDF paints as characters of their own with their letters."""

import unicodedata
from collections.abc import Sequence

from workers.engines.cpu.characters import is_rtl
from workers.engines.cpu.values import Character

#: Accents with a width of their own, and the combining accent of each.
_ACCENTS = dict(
    zip(
        "`´ˆ˜¯˘˙¨˚ˇ˝¸˛^~",
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030c\u030b\u0327\u0328\u0302\u0303",
        strict=True,
    )
)
#: An accent covers more than this part of its letter's width or of its own.
_LEAST_OVERLAP = 0.5
#: The stroke that negates a relation. MuPDF puts it behind the character before the relation.
_NEGATION = "\u0338"
_DOTLESS = {"ı": "i", "ȷ": "j"}


def is_combining(text: str) -> bool:
    """Whether ``text`` is a combining accent or stroke of Latin, Greek or mathematical text."""
    return len(text) == 1 and "\u0300" <= text <= "\u036f"


def with_accents(characters: Sequence[Character]) -> list[Character]:
    """``characters`` with each accent or stroke in the text of the character that it belongs to."""
    result = list(characters)
    index = 0
    while index < len(result):
        base = _base_of(result, index)
        if base is None:
            index += 1
            continue
        accent = result[index].text
        result[base] = _accented(result[base], _ACCENTS.get(accent, accent))
        del result[index]
        # Between an accent and the letter under it is no gap.
        if base > index + 1 and result[index].is_gap and accent in _ACCENTS:
            del result[index]
    return result


def _accented(base: Character, accent: str) -> Character:
    letter = _DOTLESS.get(base.text, base.text)
    return base._replace(text=unicodedata.normalize("NFC", letter + accent))


def _base_of(characters: Sequence[Character], index: int) -> int | None:
    """The index of the character that the accent at ``index`` belongs to; None for no accent."""
    accent = characters[index]
    if not is_combining(accent.text) and accent.text not in _ACCENTS:
        return None
    before, after = _inked(characters, index, -1), _inked(characters, index, 1)
    if accent.text in _ACCENTS:
        sides = [side for side in (after, before) if side is not None]
        under = [side for side in sides if _is_under(characters[side], accent)]
        return max(under, key=lambda side: _overlap(characters[side], accent), default=None)
    if accent.text == _NEGATION and not _is_relation(characters, before):
        return after if _is_relation(characters, after) else None
    return before if before is not None and not is_rtl(characters[before].text[-1]) else None


def _inked(characters: Sequence[Character], index: int, step: int) -> int | None:
    """The index of the next character that is no gap, before or after ``index``."""
    index += step
    while 0 <= index < len(characters) and characters[index].is_gap:
        index += step
    return index if 0 <= index < len(characters) and characters[index].text.strip() else None


def _is_relation(characters: Sequence[Character], index: int | None) -> bool:
    return index is not None and unicodedata.category(characters[index].text[0]) == "Sm"


def _is_under(letter: Character, accent: Character) -> bool:
    return letter.text.isalpha() and len(letter.text) == 1 and _overlap(letter, accent) > 0


def _overlap(letter: Character, accent: Character) -> float:
    """The width that both share beyond the least, in points; 0 or less for too little."""
    narrower = min(letter.box.width, accent.box.width)
    return letter.box.overlap_width(accent.box) - _LEAST_OVERLAP * narrower
