"""Marks inside a line's text: raised, lowered, struck, linked and emphasised characters.

A mark is a Unicode noncharacter, so no text of a document can hold one after ``clean_text``.
"""

import html
import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from workers.engines.cpu.values import Character

#: The marks of the styles of a character.
Style = tuple[tuple[str, str], ...]
_RAISED, _RAISED_END = "\ufdd0", "\ufdd1"
_LOWERED, _LOWERED_END = "\ufdd2", "\ufdd3"
_STRUCK, _STRUCK_END = "\ufdd4", "\ufdd5"
_LINK, _TARGET, _LINK_END = "\ufdd6", "\ufdd7", "\ufdd8"
#: The marks of each style of emphasis, and the Markdown around its words.
BOLD, ITALIC, CODE = ("\ufdd9", "\ufdda"), ("\ufddb", "\ufddc"), ("\ufddd", "\ufdde")
_STYLES = ((BOLD, "**"), (ITALIC, "*"))
_STYLE_ENDS = {end: start for start, end in (BOLD, ITALIC, CODE)}
_CODE = re.compile(r"\ufddd([^\ufddd\ufdde]*)\ufdde")
_ESCAPES = re.compile(r"\\([!-/:-@\[-`{-~])|&lt;|&amp;")
_EDGES = re.compile(r"[^\W_](?:.*[^\W_])?", re.DOTALL)
#: Fewer letters in a row are the label of an item or a sign.
_LETTERS = re.compile(r"[^\W\d_]{2}")
#: Characters of a link's target are moved up by this, so that no rule for text changes them.
_SHIFT = 0xF0000
#: Shorter words are no address.
_SHORTEST_ADDRESS = 6
_ANY = re.compile(r"[\ufdd0-\ufddf]|[\U000f0000-\U000fffff]")
_SHIFTED = re.compile(r"\ufdd6([^\ufdd6-\ufdd8]*)\ufdd7([\U000f0000-\U000fffff]*)\ufdd8")
_SHIFTED_AT_END = re.compile(r"\ufdd7([\U000f0000-\U000fffff]*)\ufdd8$")
_RUN = re.compile(r"([\ufdd0\ufdd2])([^\ufdd0-\ufdd3]*)[\ufdd1\ufdd3]")
#: The end of one run of a kind and the start of the next, with the space between them.
_SEAM = re.compile(r"\ufdd5(\s*)\ufdd4")
_PLAIN = "0123456789+-=()−ni"
_SUPERSCRIPTS = str.maketrans(_PLAIN, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾⁻ⁿⁱ")
_SUBSCRIPTS = str.maketrans(_PLAIN[:-2], "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎₋")
_RAISED_FORMS, _LOWERED_FORMS = frozenset(_PLAIN), frozenset(_PLAIN[:-2])


def marked(characters: Sequence[Character]) -> str:
    """The text of ``characters``, with marks around runs that are more than plain text."""
    parts = []
    for target, linked in groupby(characters, key=lambda character: character.link):
        text = _styled_runs(list(linked))
        parts.append(_linked(text, target) if target and text.strip() else text)
    return "".join(parts)


def without_marks(text: str) -> str:
    """``text`` as plain characters: for decisions about words and lengths."""
    return _ANY.sub("", text) if _ANY.search(text) else text


def continued(before: str, after: str) -> tuple[str, str]:
    """Two texts, the second after the first, with a run that goes on from one into the other.

    The marks between its halves are removed, so that the halves can be joined as one word.
    """
    if before.endswith(_STRUCK_END) and after.startswith(_STRUCK):
        return before[:-1], after[1:]
    while _STYLE_ENDS.get(before[-1:]) == after[:1] != "":
        before, after = before[:-1], after[1:]
    link = _SHIFTED_AT_END.search(before)
    if link and (next_link := _SHIFTED.match(after)) and next_link.group(2) == link.group(1):
        return before[: link.start()], after[1:]
    return before, after


def in_plain_text(text: str) -> str:
    """``text`` for an output without markup; raised and lowered runs as ``^(...)``, ``_(...)``."""
    return without_marks(_RUN.sub(_plain_run, text))


def in_markdown(text: str) -> str:
    """Escaped ``text`` with its marks as Markdown."""
    if not _ANY.search(text):
        return text
    text = _CODE.sub(_code_span, _SHIFTED.sub(_plain_address, text))
    for (start, end), mark in _STYLES:
        text = text.replace(start, mark).replace(end, mark)
    return _strike_marks(_SHIFTED.sub(_markdown_link, _tags(text)), "~~", "~~")


def without_style(text: str, style: tuple[str, str]) -> str:
    """``text`` without the marks of ``style``."""
    start, end = style
    return text.replace(start, "").replace(end, "")


def in_html(text: str) -> str:
    """Escaped ``text`` of a table cell with its marks as HTML; an address follows its words."""
    if not _ANY.search(text):
        return text
    return _strike_marks(_SHIFTED.sub(_html_link, _tags(text)), "~~", "~~")


def _styled_runs(characters: Sequence[Character]) -> str:
    """The text with marks around words of another style."""
    parts = []
    styles = _styles(characters)
    for style, run in groupby(zip(styles, characters, strict=True), key=lambda pair: pair[0]):
        text = _struck_runs([character for _, character in run])
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
        (character.monospaced, CODE), (character.bold, BOLD), (character.italic, ITALIC)
    )  # fmt: skip
    return tuple(style for has_style, style in styles if has_style)


def _emphasised(text: str, style: Style) -> str:
    """``text`` in the marks of ``style``; signs at its edges stay outside of emphasis."""
    if not style or not _LETTERS.search(text):
        return text
    if style == (CODE,):
        return text if "`" in text or _ANY.search(text) else _around(text, *CODE)
    words = _EDGES.search(text)
    if words is None:
        return text
    marked_words = words.group()
    for start, end in style:
        marked_words = f"{start}{marked_words}{end}"
    return text[: words.start()] + marked_words + text[words.end() :]


def _code_span(match: re.Match[str]) -> str:
    """Inline code; what was escaped in it stands for itself."""
    signs = {"&lt;": "<", "&amp;": "&"}
    text = _ESCAPES.sub(lambda sign: sign[1] or signs[sign[0]], match.group(1))
    return f"`{text}`" if text.strip() else text


def _struck_runs(characters: Sequence[Character]) -> str:
    parts = []
    for struck, run in groupby(characters, key=lambda character: character.struck):
        text = _shifted_runs(run)
        parts.append(_around(text, _STRUCK, _STRUCK_END) if struck and text.strip() else text)
    return "".join(parts)


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
    opening, closing = (_RAISED, _RAISED_END) if shift > 0 else (_LOWERED, _LOWERED_END)
    return _around(text, opening, closing)


def _linked(text: str, target: str) -> str:
    shifted = "".join(chr(ord(letter) + _SHIFT) for letter in target)
    return _around(text, _LINK, f"{_TARGET}{shifted}{_LINK_END}")


def _around(text: str, opening: str, closing: str) -> str:
    """``text`` in two marks, with its outer spaces outside of them."""
    stripped = text.strip()
    before, _, after = text.partition(stripped)
    return f"{before}{opening}{stripped}{closing}{after}"


def _tags(text: str) -> str:
    return text.translate(
        {
            ord(_RAISED): "<sup>",
            ord(_RAISED_END): "</sup>",
            ord(_LOWERED): "<sub>",
            ord(_LOWERED_END): "</sub>",
        }
    )


def _strike_marks(text: str, opening: str, closing: str) -> str:
    text = _SEAM.sub(r"\1", text).replace(_STRUCK, opening).replace(_STRUCK_END, closing)
    return _ANY.sub("", text)


def _target(match: re.Match[str]) -> str:
    return "".join(chr(ord(letter) - _SHIFT) for letter in match.group(2))


def _plain_address(match: re.Match[str]) -> str:
    """A link whose words are its address: without emphasis, and without the gap of a line end."""
    words, target = match.group(1), _target(match)
    shown = _address(without_marks(words))
    whole = _address(target.removeprefix("mailto:"))
    if len(shown) < _SHORTEST_ADDRESS or shown not in whole:
        return match.group()
    plain = without_marks(words)
    if shown == whole or whole.endswith(f"://{shown}"):
        plain = "".join(plain.split())
    return match.group().replace(words, plain, 1)


def _address(text: str) -> str:
    """``text`` as an address is compared: without gaps, escapes and the point of a sentence."""
    return "".join(text.split()).replace("\\", "").rstrip(".,;/").casefold()


def _markdown_link(match: re.Match[str]) -> str:
    words, target = match.group(1), _target(match)
    bare = without_marks(words).replace("\\", "")
    if bare in (target, target.removeprefix("mailto:")):
        return words
    # An address inside the words would become a link inside a link.
    return f"[{words.replace('[', '&#91;').replace(']', '&#93;')}]({target})"


def _html_link(match: re.Match[str]) -> str:
    words, target = match.group(1), _target(match)
    known = html.unescape(without_marks(words)) in (target, target.removeprefix("mailto:"))
    return words if known else f"{words} ({html.escape(target, quote=False)})"


def _plain_run(match: re.Match[str]) -> str:
    sign = "^" if match.group(1) == _RAISED else "_"
    text = match.group(2)
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"
