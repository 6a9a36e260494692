"""Words of Markdown and of text layers, in one form that can be compared."""

import re
from collections.abc import Sequence
from html import unescape
from itertools import pairwise
from unicodedata import normalize

_TAGS = re.compile(r"<[^<>]{0,500}>")
_ADDRESSES = re.compile(r"\]\([^()\s]*\)")
#: Commands of LaTeX, and marks of Markdown inside words.
_COMMANDS = re.compile(r"\\[A-Za-z]+|[*~`\\]")
_LINE_ENDS = re.compile(r"[-\u00ad\u2010]\n\s*")
_EAST_ASIAN = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORDS = re.compile(rf"[{_EAST_ASIAN}]|[^\W_{_EAST_ASIAN}]+")


def words_of(text: str) -> list[str]:
    """The words in small letters; each Chinese, Japanese or Korean character is a word."""
    return _WORDS.findall(normalize("NFKC", text).casefold())


def without_markup(markdown: str) -> str:
    """The text of ``markdown`` without tags, addresses and marks."""
    text = _ADDRESSES.sub("] ", _TAGS.sub(" ", markdown))
    return unescape(_COMMANDS.sub("", text))


def joined_lines(text: str) -> str:
    """``text`` with the words whole that a line end divides."""
    return _LINE_ENDS.sub("", text)


def pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """Each word with the next one."""
    return list(pairwise(words))
