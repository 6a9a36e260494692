"""Joins a bracket that MuPDF made a line of its own to the right-to-left line beside it."""

from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.characters import is_rtl
from workers.engines.cpu.text_layer.judging import JudgedLine

_BRACKETS = frozenset("()[]{}")
#: The bracket is at most so far from the line, in font sizes, and its baseline from that one.
_TOUCHING, _SAME_BASELINE = 0.3, 0.1


def with_brackets_joined(lines: Sequence[JudgedLine]) -> list[JudgedLine]:
    """``lines``, each bracket alone at an end of a right-to-left line as a part of that line."""
    result: list[JudgedLine] = []
    for line in lines:
        if result and _is_bracket_of(line, result[-1]):
            before = result.pop()
            line = replace(before, characters=(*before.characters, *line.characters))
        result.append(line)
    return result


def _is_bracket_of(line: JudgedLine, before: JudgedLine) -> bool:
    inked = [character for character in line.characters if character.text.strip()]
    if len(inked) != 1 or inked[0].text not in _BRACKETS:
        return False
    if not (line.is_upright and before.is_upright) or not any(
        is_rtl(character.text[0]) for character in before.characters
    ):
        return False
    bracket, last = inked[0], before.characters[-1]
    gap = -bracket.box.overlap_width(before.box)
    same_line = abs(bracket.baseline - last.baseline) < _SAME_BASELINE * last.size
    return same_line and gap < _TOUCHING * last.size
