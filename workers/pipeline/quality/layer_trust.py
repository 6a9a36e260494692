"""Decides whether the text layer of a page can be compared with what was read."""

from collections import Counter
from collections.abc import Sequence
from unicodedata import normalize

from shared.rendering.text_block import TextBlock
from workers.pipeline.quality.words import joined_lines

#: A layer with fewer letters proves nothing.
_FEWEST_LETTERS = 100
#: A picture over more than this part of the page is a scan, and the layer is the text of another
#: OCR program.
_SCAN_COVER = 0.5
#: Largest part of characters without a meaning: replacement, private use, controls.
_MOST_UNMAPPED = 0.02
#: The part of vowels among Latin letters in any language; a wrong font map gives other values.
_VOWELS = (0.25, 0.6)
#: Words of fewer letters on average are letters with spaces between them.
_SHORTEST_WORDS = 1.5
_VOWEL_LETTERS = frozenset("aeiouy")
#: Code points of private use, and the last letter of Latin script.
_PRIVATE_USE, _LAST_LATIN = range(0xE000, 0xF900), "\u024f"


def trusted_text(blocks: Sequence[TextBlock]) -> str:
    """The text of ``blocks``; "" if it can't be trusted."""
    if any(_area(block) > _SCAN_COVER for block in blocks if not block.text):
        return ""
    text = joined_lines("\n".join(block.text for block in blocks if block.text))
    characters = Counter(text)
    letters = sum(count for character, count in characters.items() if character.isalpha())
    unmapped = sum(count for character, count in characters.items() if _is_unmapped(character))
    if letters < _FEWEST_LETTERS or unmapped > _MOST_UNMAPPED * letters:
        return ""
    return text if _is_plausible(text, characters, letters) else ""


def _is_unmapped(character: str) -> bool:
    is_control = character < " " and not character.isspace()
    return is_control or character == "\ufffd" or ord(character) in _PRIVATE_USE


def _is_plausible(text: str, characters: Counter[str], letters: int) -> bool:
    """Whether Latin text looks like words; text of other scripts is not tested."""
    latin = {c: n for c, n in characters.items() if c.isalpha() and c <= _LAST_LATIN}
    if 2 * sum(latin.values()) < letters:
        return True
    vowels = sum(n for c, n in latin.items() if normalize("NFD", c.lower())[0] in _VOWEL_LETTERS)
    least, most = _VOWELS
    is_spelt = least <= vowels / sum(latin.values()) <= most
    return is_spelt and letters >= _SHORTEST_WORDS * len(text.split())


def _area(block: TextBlock) -> float:
    left, top, right, bottom = block.bbox
    return (right - left) * (bottom - top) / 999**2
