"""Maps the codes of symbol fonts, which PDFs often store without a map to Unicode."""

import re
from functools import lru_cache

_NOT_IN_NAME = re.compile(r"[ \-]|regular|mt|ps$")
_DINGBATS = {
    "!": "✁", '"': "✂", "#": "✃", "$": "✄", "%": "☎", "(": "✈", ")": "✉", "*": "☛", "+": "☞",
    "3": "✓", "4": "✔", "5": "✕", "6": "✖", "7": "✗", "8": "✘", "H": "★", "I": "☆",
    "l": "●", "m": "❍", "n": "■", "o": "❏", "p": "❐", "q": "❑", "r": "❒", "s": "▲",
    "t": "▼", "u": "◆", "v": "❖", "w": "◗", "x": "❘", "y": "❙", "z": "❚",
    "Ô": "➔", "Õ": "→", "Ø": "➘", "à": "➠", "è": "➨", "ü": "➼",
}  # fmt: skip
_WINGDINGS = {
    "l": "●", "m": "❍", "n": "■", "o": "□", "q": "❑", "r": "❒", "s": "⬧", "t": "⧫", "u": "◆",
    "v": "❖", "§": "▪", "¨": "◻", "Ø": "➢", "à": "→", "è": "➔", "ü": "✔", "û": "✘", "þ": "☑",
    "ý": "☒", "ò": "↳", "x": "☒", "·": "•",
}  # fmt: skip
_GREEK = dict(
    zip(
        "abgdezhqiklmnxoprstufcywABGDEZHQIKLMNXOPRSTUFCYWVJj",
        "αβγδεζηθικλμνξοπρστυφχψωΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩςϑϕ",
        strict=True,
    )
)
_SYMBOL = {
    **_GREEK, "£": "≤", "¥": "∞", "³": "≥", "´": "×", "µ": "∝", "¶": "∂", "·": "•", "¸": "÷",
    "¹": "≠", "º": "≡", "»": "≈", "Ö": "√", "×": "⋅", "Ø": "¬", "Û": "⇔", "Þ": "⇒",
    "å": "∑", "ò": "∫", "¬": "←", "®": "→", "«": "↔", "¢": "′", "²": "″", "Î": "∈", "Ç": "∩",
    "È": "∪", "Ì": "⊂", "Æ": "∅", "Ñ": "∇", "D": "Δ", "°": "°", "±": "±", "~": "∼",
    '"': "∀", "$": "∃",
}  # fmt: skip
#: The first characters of the names of the fonts, without the prefix of a subset.
_FONTS = (("zapfdingbats", _DINGBATS), ("wingdings", _WINGDINGS), ("symbol", _SYMBOL))
#: The code of a bullet in LaTeX's text companion encoding; elsewhere it is a control character.
_LATEX_BULLET = "\x88"
#: Programs move the codes of symbol fonts into this private area.
_PRIVATE = 0xF000


def symbol_for(font: str, text: str, is_alone: bool = False) -> str:
    """The character that ``text`` shows in ``font``; ``text`` itself in a font for words.

    ``is_alone`` tells that no other letter stands beside it in this font.
    """
    if is_alone and text == _LATEX_BULLET:
        return "•"
    table = _table(font) if text.strip() else None
    if table is None:
        return text
    code = ord(text[0])
    letter = chr(code - _PRIVATE) if _PRIVATE < code < _PRIVATE + 256 else text
    return table.get(letter, text)


@lru_cache(maxsize=1000)
def _table(font: str) -> dict[str, str] | None:
    name = _NOT_IN_NAME.sub("", font.rsplit("+", 1)[-1].casefold())
    return next((table for start, table in _FONTS if name == start), None)
