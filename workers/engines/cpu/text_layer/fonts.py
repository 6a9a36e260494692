"""Tells bold and equal-width type by its name, its flags and its measures."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from workers.engines.cpu.characters import is_cjk

_MONO_FLAG, _BOLD_FLAG = 8, 16
_BOLD_NAME = re.compile(r"bold|black|heavy|demi|(?<![a-z])bd(?![a-z])|cmbx|sfbx", re.IGNORECASE)
_MONO_NAME = re.compile(r"courier|mono|consol|menlo|typewriter|cmtt|sftt|lucidacon", re.IGNORECASE)
#: Advance widths in font sizes: how far they may differ, and the widest of a type of this kind.
_SPREAD, _WIDEST = 0.03, 0.8
_FEWEST_SPANS, _SHORTEST = 3, 6


def is_bold(span: dict[str, Any]) -> bool:
    """Whether a span of MuPDF's text dictionary is set in bold."""
    return bool(span["flags"] & _BOLD_FLAG or _BOLD_NAME.search(span["font"]))


def equal_width_fonts(spans: Iterable[dict[str, Any]]) -> frozenset[str]:
    """Names of the fonts in ``spans`` whose characters are all of one width."""
    advances: dict[str, list[float]] = defaultdict(list)
    found = set()
    for span in spans:
        if span["flags"] & _MONO_FLAG or _MONO_NAME.search(span["font"]):
            found.add(span["font"])
        elif _is_telling(span["text"]):
            advances[span["font"]].append(_advance(span))
    found |= {font for font, widths in advances.items() if _are_equal(widths)}
    return frozenset(found)


def _is_telling(text: str) -> bool:
    """Different letters, wide and narrow ones, none of a script that is square anyway."""
    return len(text) >= _SHORTEST and len(set(text)) > 3 and not any(map(is_cjk, text))


def _advance(span: dict[str, Any]) -> float:
    left, _, right, _ = span["bbox"]
    return float((right - left) / len(span["text"]) / max(span["size"], 0.1))


def _are_equal(widths: list[float]) -> bool:
    if len(widths) < _FEWEST_SPANS:
        return False
    return max(widths) < _WIDEST and max(widths) - min(widths) < _SPREAD * max(widths)
