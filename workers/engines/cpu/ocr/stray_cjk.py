"""Removes single ideographs that the recogniser reads from dirt on pages in Latin script."""

from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.characters import is_cjk, is_ideograph, is_latin
from workers.engines.cpu.values import Line

#: A page is Latin if at least this part of its Latin letters and ideographs is Latin.
_LATIN_SHARE = 0.95
#: Full-width punctuation and the ASCII form that a Latin page means by it.
_NARROW = str.maketrans("（），：；！？．％＋－／＝【】", "(),:;!?.%+-/=[]")


def without_stray_ideographs(lines: Sequence[Line]) -> list[Line]:
    """``lines`` without lone ideographs if the page is Latin, else unchanged.

    Lines of a text layer (``score`` None) stay as they are; lines that become empty are dropped.
    """
    text = "".join(line.text for line in lines if line.score is not None)
    latin = sum(map(is_latin, text))
    if latin < _LATIN_SHARE * (latin + sum(map(is_ideograph, text))) or not latin:
        return list(lines)
    cleaned = [
        replace(line, text=_without_ideographs(line.text)) if line.score else line for line in lines
    ]
    return [line for line in cleaned if line.text]


def _without_ideographs(text: str) -> str:
    ideographs = sum(map(is_ideograph, text))
    if 0 < ideographs <= 2 or (ideographs and any(map(is_latin, text))):
        text = "".join(character for character in text if not is_ideograph(character))
    if any(map(is_cjk, text)) and not any(map(is_ideograph, text)):
        text = text.translate(_NARROW)
    return " ".join(text.split())
