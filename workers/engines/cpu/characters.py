"""Classifies characters by script and cleans text of ligatures, spaces and invisible marks."""

import re
import unicodedata

#: Marks a row that ends inside a word. ``clean_text`` removes it from the text of documents.
WORD_JOINER = "\u2060"
_CJK = re.compile(
    "[\u2e80-\u2fff\u3000-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u33ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\U00020000-\U0003ffff]"
)
_IDEOGRAPH = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_PRESENTATION = re.compile("[\ufb00-\ufb4f\ufb50-\ufdff\ufe70-\ufefc]")
_SPACES = re.compile(r"[\s\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)


def is_cjk(character: str) -> bool:
    """Whether it is Chinese or Japanese, punctuation included: written without spaces."""
    return bool(_CJK.match(character))


def is_ideograph(character: str) -> bool:
    """Whether it is a Chinese or Japanese letter, punctuation excluded."""
    return bool(_IDEOGRAPH.match(character))


def is_hangul(character: str) -> bool:
    """Whether it is a Korean letter: written with spaces, but rows may end inside a word."""
    return bool(_HANGUL.match(character))


def is_rtl(character: str) -> bool:
    """Whether it is a Hebrew or Arabic letter."""
    return bool(_RTL.match(character))


def is_latin(character: str) -> bool:
    """Whether it is a Latin letter, with or without an accent."""
    return bool(_LATIN.match(character))


def is_mostly_rtl(text: str) -> bool:
    """Whether more than half of the letters of ``text`` run from right to left."""
    letters = [character for character in text if character.isalpha()]
    return 2 * sum(bool(_RTL.match(letter)) for letter in letters) > len(letters)


def is_unmapped(character: str) -> bool:
    """Whether it is a replacement, private-use, unassigned or control character.

    Fonts without a correct character map produce these.
    """
    return character == "\ufffd" or unicodedata.category(character) in ("Co", "Cn", "Cc", "Cs")


def clean_text(text: str) -> str:
    """``text`` as one line in NFC.

    Control and invisible characters are removed, ligatures expanded and spaces collapsed.
    """
    text = _INVISIBLE.sub("", _SPACES.sub(" ", text))
    text = _PRESENTATION.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
    return unicodedata.normalize("NFC", text).strip()
