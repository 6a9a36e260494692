"""Joins two halves of a text with a space, a hyphen or nothing between them."""

import re

from shared.document.structure.text.marks import page_mark
from shared.document.structure.text.vocabulary import Vocabulary

SOFT_HYPHEN = "\u00ad"
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad]$")
#: A long dash without a space before it has none after it either.
_ATTACHED_DASH = re.compile(r"[^\W\d_][—―]$")
_LAST_PART = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*[-\u2010\u00ad]$")
_FIRST_PART = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
#: Characters of a word at most; it bounds the search for its beginning.
_LONGEST_WORD = 200
#: Characters at the end of a text that show a hyphen or a dash: with one before, and a line end.
_LONGEST_MARK = 3
_WORD_END = re.compile(r"\S*")
_CJK = re.compile(
    "[\u2e80-\u2fdf\u3000-\u303f\u3040-\u30ff\u3100-\u318f\u31a0-\u9fff\uf900-\ufaff\uff00-\uffef]"
)
_SYLLABLE = re.compile("[aeiouyrl]", re.IGNORECASE)
#: Marks of emphasis that a break closes and opens again.
_EMPHASIS = ("**", "*", "`")
#: First parts of compounds that are rarely a syllable of another word.
_PREFIXES = frozenset(
    ("cross", "ex", "four", "half", "high", "long", "low", "non", "real", "self", "short", "sous",
     "two", "well")
)  # fmt: skip


def is_cjk(character: str) -> bool:
    """Whether ``character`` is of a script without spaces between words."""
    return _CJK.match(character) is not None


def may_be_syllable(part: str) -> bool:
    """Whether ``part`` may stand before the hyphen of a divided word: it is no abbreviation.

    Syllables have a vowel, or "r" or "l" as in Czech; "ftp" and "www" have none.
    """
    return not part.isascii() or not part.isalpha() or bool(_SYLLABLE.search(part))


def ends_in_word(text: str) -> bool:
    """Whether ``text`` ends with the hyphen of a divided word or of a compound."""
    return _HYPHEN.search(_open(text)[-_LONGEST_MARK:]) is not None


def join_halves(first: str, second: str, words: Vocabulary, page: int | None = None) -> str:
    """``first`` and ``second`` as one text.

    ``page`` is the page that begins with ``second``: its anchor stands at the join, after the
    word where the break divides one.
    """
    first, second = _without_closed_emphasis(first.rstrip(), second.lstrip())
    mark = "" if page is None else page_mark(page)
    if _HYPHEN.search(first[-_LONGEST_MARK:]) and second[:1].isalpha():
        kept = first if _keeps_hyphen(first, second, words) else first[:-1]
        rest = _WORD_END.match(second).end()  # type: ignore[union-attr]
        return f"{kept}{second[:rest]}{mark}{second[rest:]}"
    dash = _ATTACHED_DASH.search(first[-_LONGEST_MARK:]) and second[:1].isalnum()
    cjk = first[-1:] and second[:1] and is_cjk(first[-1]) and is_cjk(second[0])
    return f"{first}{'' if cjk or dash else ' '}{mark}{second}"


def _open(text: str) -> str:
    for mark in _EMPHASIS:
        text = text.removesuffix(mark)
    return text


def _without_closed_emphasis(first: str, second: str) -> tuple[str, str]:
    for mark in _EMPHASIS:
        if first.endswith(mark) and second.startswith(mark) and not first.endswith("\\" + mark):
            return first[: -len(mark)], second[len(mark) :]
    return first, second


def _keeps_hyphen(first: str, second: str, words: Vocabulary) -> bool:
    """Whether the hyphen at the end of ``first`` belongs to a compound."""
    if first.endswith(SOFT_HYPHEN):
        return False
    if second[:1].isupper():
        return True
    # No match has blank space, and a search from the beginning would try each word.
    word = first[-_LONGEST_WORD:].split()[-1]
    last, start = _LAST_PART.search(word), _FIRST_PART.match(second)
    if last is None or start is None:
        return False
    before, after = last.group()[:-1], start.group()
    if f"{before}-{after}" in words or not may_be_syllable(before):
        return True
    if before + after in words:
        return False
    if "-" in before or "-" in after or before.lower() in _PREFIXES:
        return True
    return len(before) > 2 and len(after) > 2 and before in words and after in words
