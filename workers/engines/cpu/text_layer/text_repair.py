"""Puts right single characters of a text layer that its fonts map to something else."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from workers.engines.cpu.characters import is_broken
from workers.engines.cpu.text_layer.lines import LayerLine

#: Marks that badly mapped ligatures turn into, where no mark belongs.
_MARKS = "\"!#$%&'()*+"
_INSIDE = re.compile(r"(?<=[a-z])[\"!#$%&](?=[a-z])")
_ANYWHERE = re.compile(r"[\"!#$%&](?=[a-z])|(?<=[a-z])[\"!#$%&]")
#: Lines in which it must happen before all fonts of a page are suspected.
_ENOUGH = 2


def to_mend(lines: Sequence[LayerLine]) -> list[LayerLine]:
    """Those of ``lines`` in which a character can't be what is printed."""
    hits = sum(bool(_INSIDE.search(layer.line.text)) for layer in lines)
    suspected = hits >= _ENOUGH
    return [
        layer
        for layer in lines
        if layer.broken or (suspected and _ANYWHERE.search(layer.line.text))
    ]


def mended(text: str, read: str) -> str:
    """``text`` with what ``read`` has in the places of its impossible characters."""
    matcher = SequenceMatcher(None, text, read, autojunk=False)
    parts = []
    for what, i, j, k, m in matcher.get_opcodes():
        wrong = what == "replace" and all(_is_wrong(character) for character in text[i:j])
        parts.append(read[k:m] if wrong else text[i:j])
    return "".join(parts)


def _is_wrong(character: str) -> bool:
    return character in _MARKS or is_broken(character)
