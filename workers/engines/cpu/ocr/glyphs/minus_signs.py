"""Tells minus signs from hyphens and dashes, which the recogniser confuses, by their length."""

from collections.abc import Sequence

from workers.engines.cpu.ocr.glyphs.line_characters import Glyph

#: A minus sign is longer than this, in heights of the digit after it (measured: 0.7 to 0.8 in
#: serif and sans fonts; a hyphen has 0.3 to 0.45).
_LEAST_LENGTH = 0.58
#: A dash is longer than this, in the same heights (an em dash has 1.4).
_MOST_LENGTH = 1.1


def with_minus_signs(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """``glyphs`` with each hyphen or dash as long as a minus sign before a number as one."""
    return [
        glyph._replace(text="−") if _is_minus(index, glyphs) else glyph
        for index, glyph in enumerate(glyphs)
    ]


def _is_minus(index: int, glyphs: Sequence[Glyph]) -> bool:
    if glyphs[index].text not in ("-", "–", "—") or index + 1 >= len(glyphs):
        return False
    before = glyphs[index - 1].text if index else " "
    digit = glyphs[index + 1]
    starts = before.isspace() or before in "(["
    length = glyphs[index].ink.width / max(1.0, digit.ink.height)
    return starts and digit.text.isdigit() and _LEAST_LENGTH < length < _MOST_LENGTH
