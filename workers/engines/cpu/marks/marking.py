"""Puts marks around the characters of a line that are more than plain text."""

import re
import string
from collections.abc import Iterable, Sequence
from itertools import groupby

from workers.engines.cpu.marks.signs import (
    ANY,
    BOLD,
    CODE,
    ITALIC,
    LINK,
    LINK_END,
    LOWERED,
    LOWERED_END,
    RAISED,
    RAISED_END,
    SHIFTED,
    STRUCK,
    TARGET,
    hidden_target,
    without_marks,
)
from workers.engines.cpu.values import Character

#: The marks of the styles of a character.
Style = tuple[tuple[str, str], ...]
_PLAIN = "0123456789+-=()−ni"
_SUPERSCRIPTS = str.maketrans(_PLAIN, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾⁻ⁿⁱ")
_SUBSCRIPTS = str.maketrans(_PLAIN[:-2], "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎₋")
_RAISED_FORMS, _LOWERED_FORMS = frozenset(_PLAIN), frozenset(_PLAIN[:-2])
_NO_SHIFTED = dict.fromkeys((*_SUPERSCRIPTS.values(), *_SUBSCRIPTS.values()))
_LETTER = re.compile(r"[^\W_]")
#: Signs that look the same in bold and in a monospaced font, and those of programs and commands.
_OF_SENTENCES, _QUOTES = frozenset(".,;:'\" "), frozenset("'\" ")
_SIGNS = frozenset(string.punctuation + " ")


def marked(characters: Sequence[Character]) -> str:
    """The text of ``characters``, with marks around runs that are more than plain text."""
    parts = []
    for target, linked in groupby(characters, key=lambda character: character.link):
        text = _styled_runs(list(linked))
        parts.append(_linked(text, target) if target and text.strip() else text)
    return "".join(parts)


def _styled_runs(characters: Sequence[Character]) -> str:
    """The text with marks around words of another style."""
    parts = []
    styles = _styles(characters)
    for style, run in groupby(zip(styles, characters, strict=True), key=lambda pair: pair[0]):
        text = _shifted_runs([character for _, character in run])
        parts.append(_emphasised(text, style))
    return "".join(parts)


def _styles(characters: Sequence[Character]) -> list[Style]:
    """The style of each character; a space between words of one style has that style."""
    styles: list[Style] = [_style(character) for character in characters]
    last: int | None = None
    for index, character in enumerate(characters):
        if character.text.isspace():
            continue
        if last is not None and last < index - 1:
            between = styles[last] if styles[last] == styles[index] else ()
            styles[last + 1 : index] = [between] * (index - last - 1)
        last = index
    return styles


def _style(character: Character) -> Style:
    styles = (
        (character.monospaced, CODE),
        (character.struck, STRUCK),
        (character.bold, BOLD),
        (character.italic, ITALIC),
    )
    return tuple(style for has_style, style in styles if has_style)


def _emphasised(text: str, style: Style) -> str:
    """``text`` in the marks of ``style``, as far as characters that are not shifted show it."""
    words = without_marks(SHIFTED.sub("", text)).translate(_NO_SHIFTED)
    if CODE in style and ANY.search(text):
        style = tuple(own for own in style if own != CODE)
    if not _LETTER.search(words):
        style = tuple(own for own in style if _shows(own, words))
    for start, end in style if text.strip() else ():
        text = _around(text, start, end)
    return text


def _shows(style: tuple[str, str], signs: str) -> bool:
    """Whether a reader sees ``style`` in ``signs``, which are no letters or digits."""
    if style == STRUCK or not signs.strip():
        return style == STRUCK
    plain = {BOLD: _OF_SENTENCES, CODE: _QUOTES}.get(style, _SIGNS)
    return _SIGNS.issuperset(signs) and not plain.issuperset(signs)


def _shifted_runs(characters: Iterable[Character]) -> str:
    parts = []
    for shift, run in groupby(characters, key=lambda character: character.shift):
        text = "".join(character.text for character in run)
        parts.append(_shifted(text, shift))
    return "".join(parts)


def _shifted(text: str, shift: int) -> str:
    """``text`` with Unicode's raised or lowered forms where all its characters have one."""
    stripped = text.strip()
    if not shift or not any(map(str.isalnum, stripped)):
        return text
    forms, table = (_RAISED_FORMS, _SUPERSCRIPTS) if shift > 0 else (_LOWERED_FORMS, _SUBSCRIPTS)
    if forms.issuperset(stripped):
        return text.replace(stripped, stripped.translate(table))
    opening, closing = (RAISED, RAISED_END) if shift > 0 else (LOWERED, LOWERED_END)
    return _around(text, opening, closing)


def _linked(text: str, target: str) -> str:
    return _around(text, LINK, f"{TARGET}{hidden_target(target)}{LINK_END}")


def _around(text: str, opening: str, closing: str) -> str:
    """``text`` in two marks, with its outer spaces outside of them."""
    stripped = text.strip()
    before, _, after = text.partition(stripped)
    return f"{before}{opening}{stripped}{closing}{after}"
