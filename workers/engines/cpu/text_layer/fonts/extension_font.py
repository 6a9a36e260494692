"""The letters of TeX's font of large signs, which PDFs store without a map to Unicode.

Its codes are those of cmex10 (D. Knuth, The TeXbook, appendix F). Its glyphs hang from the
baseline instead of standing on it, so their boxes come from the lengths in that font.
"""

import re
from typing import NamedTuple

from workers.engines.cpu.values import Box

_NAME = re.compile(r"(?:[A-Z]{6}\+)?cmex\d{1,2}", re.IGNORECASE)
#: Accents over several letters, or over one wide letter.
WIDE_ACCENTS = frozenset("ˆ˜")
_OPERATORS = "⊔⊔∮∮⨀⨀⨁⨁⨂⨂"
_MORE_OPERATORS = "∑∏∫⋃⋂⨄⋀⋁"
_BRACKETS = "()[]⌊⌋⌈⌉{}⟨⟩"
_SLASHES = "/∖"


class _Glyph(NamedTuple):
    letter: str
    #: How far it reaches above (negative: begins below) and below its baseline, in font sizes.
    height: float
    depth: float


def _run(start: int, letters: str, height: float, *depths: float) -> dict[int, _Glyph]:
    """The glyphs of ``letters`` from the code ``start`` on; ``depths`` take turns."""
    return {
        start + place: _Glyph(letter, height, depths[place % len(depths)])
        for place, letter in enumerate(letters)
    }


_GLYPHS: dict[int, _Glyph] = {
    **_run(0x00, _BRACKETS, 0.04, 1.16),
    **_run(0x0E, _SLASHES, 0.04, 1.16),
    **_run(0x10, "()", 0.04, 1.76),
    **_run(0x12, _BRACKETS, 0.04, 2.36),
    **_run(0x1E, _SLASHES, 0.04, 2.36),
    **_run(0x20, _BRACKETS, 0.04, 2.96),
    **_run(0x2C, _SLASHES, 0.04, 2.96),
    **_run(0x2E, _SLASHES, 0.04, 1.76),
    **_run(0x44, "⟨⟩", 0.04, 1.76),
    **_run(0x46, _OPERATORS, 0.0, 1.0, 1.4),
    **_run(0x50, _MORE_OPERATORS, 0.0, 1.0),
    **_run(0x58, _MORE_OPERATORS, 0.0, 1.4),
    **_run(0x60, "∐∐", 0.0, 1.0, 1.4),
    **_run(0x62, "ˆˆˆ˜˜˜", 0.75, -0.5),
    **_run(0x68, _BRACKETS[2:10], 0.04, 1.76),
    **_run(0x70, "√", 0.04, 1.16),
    **_run(0x71, "√", 0.04, 1.76),
    **_run(0x72, "√", 0.04, 2.36),
    **_run(0x73, "√", 0.04, 2.96),
}


def is_extension_font(name: str) -> bool:
    """Whether ``name`` is that of TeX's font of large signs, in any design size."""
    return _NAME.fullmatch(name) is not None


def large_sign(code: int, box: Box, baseline: float, size: float) -> tuple[str, Box] | None:
    """The letter of ``code`` and the box of its ink in points; None for a part of a sign."""
    glyph = _GLYPHS.get(code)
    if glyph is None:
        return None
    top, bottom = baseline - glyph.height * size, baseline + glyph.depth * size
    return glyph.letter, box._replace(top=top, bottom=bottom)
