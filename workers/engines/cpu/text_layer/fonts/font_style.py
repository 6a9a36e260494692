"""Recognises bold and monospaced fonts by their names, flags and character widths."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from workers.engines.cpu.characters import is_cjk

#: Bits of a span's ``flags`` in MuPDF's text dictionary.
_ITALIC_FLAG, _MONO_FLAG, _BOLD_FLAG = 2, 8, 16
_BOLD_NAME = re.compile(r"bold|black|heavy|demi|(?<![a-z])bd(?![a-z])|cmbx|sfbx", re.IGNORECASE)
_ITALIC_NAME = re.compile(r"italic|oblique|kursiv|(?<![a-z])(?:cm|sf)(?:bx)?ti", re.IGNORECASE)
_MONO_NAME = re.compile(r"courier|mono|consol|menlo|typewriter|cmtt|sftt|lucidacon", re.IGNORECASE)
#: Character widths of a monospaced font differ by less than this part of the widest.
_WIDTH_SPREAD = 0.03
#: A monospaced character is narrower than this, in font sizes; CJK characters are 1.0 wide.
_WIDEST_CHARACTER = 0.8
#: Fewer long spans than this prove nothing about a font.
_FEWEST_SPANS = 3
#: A shorter span, in characters, proves nothing about its font.
_SHORTEST_SPAN = 6


def is_bold(span: dict[str, Any]) -> bool:
    """Whether a span of MuPDF's text dictionary is bold."""
    return bool(span["flags"] & _BOLD_FLAG or _BOLD_NAME.search(span["font"]))


def is_italic(span: dict[str, Any]) -> bool:
    """Whether a span of MuPDF's text dictionary is italic."""
    return bool(span["flags"] & _ITALIC_FLAG or _ITALIC_NAME.search(span["font"]))


def monospaced_fonts(spans: Iterable[dict[str, Any]]) -> frozenset[str]:
    """Names of the fonts in ``spans`` whose characters all have the same width.

    A span has its characters in "chars" and their text in "text".
    """
    widths: dict[str, list[float]] = defaultdict(list)
    proofs = Counter[str]()
    fonts = set()
    for span in spans:
        font = span["font"]
        if span["flags"] & _MONO_FLAG or _MONO_NAME.search(font):
            fonts.add(font)
        else:
            widths[font] += _widths(span)
            proofs[font] += _shows_widths(span["text"])
    found = {font for font, count in proofs.items() if count >= _FEWEST_SPANS}
    return frozenset(fonts | {font for font in found if _are_equal(widths[font])})


def _shows_widths(text: str) -> bool:
    """Whether ``text`` has enough different characters, and none of a square script."""
    return len(text) >= _SHORTEST_SPAN and len(set(text)) > 3 and not any(map(is_cjk, text))


def _widths(span: dict[str, Any]) -> list[float]:
    """The widths of the characters of ``span`` that show ink, in font sizes."""
    size = max(span["size"], 0.1)
    inked = (char["bbox"] for char in span["chars"] if char["c"].strip() and not is_cjk(char["c"]))
    return [(right - left) / size for left, _, right, _ in inked if right > left]


def _are_equal(widths: list[float]) -> bool:
    narrow = max(widths) < _WIDEST_CHARACTER
    return narrow and max(widths) - min(widths) < _WIDTH_SPREAD * max(widths)
