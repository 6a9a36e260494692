"""Replaces single characters of a text layer that a font maps to the wrong letters."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from workers.engines.cpu.characters import is_unmapped
from workers.engines.cpu.text_layer.lines import LayerLine

#: Wrongly mapped ligatures appear as these marks inside words.
_MARKS = "\"!#$%&'()*+"
_MARK_INSIDE_WORD = re.compile(r"(?<=[a-z])[\"!#$%&](?=[a-z])")
_MARK_BESIDE_LETTER = re.compile(r"[\"!#$%&](?=[a-z])|(?<=[a-z])[\"!#$%&]")
#: An address has such marks of its own.
_ADDRESS = re.compile(r"\w+://\S+|\bwww\.\S+")
#: Number of lines with a mark inside a word after which all fonts of a page are suspected.
_FEWEST_SUSPICIOUS_LINES = 2


def lines_to_repair(lines: Sequence[LayerLine]) -> list[LayerLine]:
    """The ``lines`` with a character that the page can't show."""
    texts = [_ADDRESS.sub("", layer.line.text) for layer in lines]
    suspicious = sum(bool(_MARK_INSIDE_WORD.search(text)) for text in texts)
    marks_are_suspicious = suspicious >= _FEWEST_SUSPICIOUS_LINES
    return [
        layer
        for layer, text in zip(lines, texts, strict=True)
        if layer.unmapped or (marks_are_suspicious and _MARK_BESIDE_LETTER.search(text))
    ]


def repair_texts(texts: Sequence[str], recognized: str) -> list[str]:
    """The ``texts`` of a line's characters, wrong ones replaced by those in ``recognized``.

    A replaced run of characters is in the text of its first character, the others are "".
    """
    # The text of a character has one letter, except for ligatures: their first one counts.
    matcher = SequenceMatcher(None, [text[:1] for text in texts], recognized, autojunk=False)
    result = list(texts)
    for operation, start, end, other_start, other_end in matcher.get_opcodes():
        if operation == "replace" and all(map(_is_wrong, texts[start:end])):
            result[start:end] = [recognized[other_start:other_end], *[""] * (end - start - 1)]
    return result


def _is_wrong(character: str) -> bool:
    return character[:1] in _MARKS or is_unmapped(character[:1])
