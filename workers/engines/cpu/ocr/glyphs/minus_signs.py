"""Tells minus signs from hyphens, which the recogniser reads as one sign, by their length."""

from collections.abc import Sequence

from workers.engines.cpu.ocr.glyphs.line_characters import Glyph

#: A minus sign is longer than this, in heights of the digit after it (measured: 0.7 to 0.8 in
#: serif and sans fonts; a hyphen has 0.3 to 0.45).
_LEAST_LENGTH = 0.58


def with_minus_signs(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """``glyphs`` with each long hyphen before a number as a minus sign."""
    return [
        glyph._replace(text="−") if _is_minus(index, glyphs) else glyph
        for index, glyph in enumerate(glyphs)
    ]


def _is_minus(index: int, glyphs: Sequence[Glyph]) -> bool:
    if glyphs[index].text != "-" or index + 1 >= len(glyphs):
        return False
    before = glyphs[index - 1].text if index else " "
    digit = glyphs[index + 1]
    starts = before.isspace() or before in "(["
    long = glyphs[index].ink.width > _LEAST_LENGTH * digit.ink.height
    return starts and digit.text.isdigit() and long
