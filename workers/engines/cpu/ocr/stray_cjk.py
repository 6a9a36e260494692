"""Drops single ideographs that the recogniser sees in dirt on pages of another script."""

from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.characters import is_cjk, is_ideograph, is_latin
from workers.engines.cpu.values import Line

_MOSTLY = 0.95
#: Full-width marks that stand for a Latin one on a Latin page.
_NARROW = str.maketrans("（），：；！？．％＋－／＝【】", "(),:;!?.%+-/=[]")


def without_stray_ideographs(lines: Sequence[Line]) -> list[Line]:
    """``lines`` of a Latin page without lone ideographs; other pages as they are."""
    text = "".join(line.text for line in lines if line.score is not None)
    latin = sum(map(is_latin, text))
    if latin < _MOSTLY * (latin + sum(map(is_ideograph, text))) or not latin:
        return list(lines)
    swept = [replace(line, text=_swept(line.text)) if line.score else line for line in lines]
    return [line for line in swept if line.text]


def _swept(text: str) -> str:
    ideographs = sum(map(is_ideograph, text))
    if 0 < ideographs <= 2 or (ideographs and any(map(is_latin, text))):
        text = "".join(character for character in text if not is_ideograph(character))
    if any(map(is_cjk, text)) and not any(map(is_ideograph, text)):
        text = text.translate(_NARROW)
    return " ".join(text.split())
