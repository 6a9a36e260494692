"""Text in a script that the page does not have."""

import re
from collections import Counter
from functools import lru_cache

from shared.domain.records.page_result import QualityReason
from workers.pipeline.quality.finding import finding
from workers.pipeline.quality.judged_page import JudgedPage

#: First and last code points of the letters of each script.
_SCRIPTS: dict[str, tuple[tuple[int, int], ...]] = {
    "Latin": ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF)),
    "Greek": ((0x370, 0x3FF), (0x1F00, 0x1FFF)),
    "Cyrillic": ((0x400, 0x52F),),
    "Hebrew": ((0x590, 0x5FF),),
    "Arabic": ((0x600, 0x6FF), (0x750, 0x77F)),
    "Devanagari": ((0x900, 0x97F),),
    "Thai": ((0xE00, 0xE7F),),
    "Chinese or Japanese": ((0x3040, 0x30FF), (0x3400, 0x9FFF)),
    "Korean": ((0xAC00, 0xD7AF),),
}
#: Fewer letters prove nothing.
_FEWEST_LETTERS = 20
#: A script with less than this part of the layer's letters is not a script of the page.
_FOREIGN = 0.02
#: The score falls so many times faster than the part of foreign letters grows.
_WEIGHT = 2.0
#: Letters of two scripts that look alike, in one word.
_MIXED = re.compile(r"[a-z][\u0400-\u052f]|[\u0400-\u052f][a-z]")
_MIXED_WEIGHT = 4.0


def script(page: JudgedPage) -> QualityReason | None:
    """A low score for letters of scripts that the text layer lacks, and for mixed words."""
    if page.layer_words:
        return _against_layer(page)
    mixed = sum(1 for word in page.words if _MIXED.search(word))
    if not mixed:
        return None
    share = mixed / len(page.words)
    message = f"{share:.0%} of the words mix Latin and Cyrillic letters"
    return finding("script", 1 - _MIXED_WEIGHT * share, message)


def _against_layer(page: JudgedPage) -> QualityReason | None:
    read, layer = _counts(page.words), _counts(page.layer_words)
    letters = read.total()
    if letters < _FEWEST_LETTERS:
        return None
    least = _FOREIGN * layer.total()
    foreign = {name: count for name, count in read.items() if count and layer[name] < least}
    if not foreign:
        return None
    share, names = sum(foreign.values()) / letters, " and ".join(foreign)
    message = f"{share:.0%} of the letters are {names}, which the text layer does not have"
    return finding("script", 1 - _WEIGHT * share, message)


def _counts(words: list[str]) -> Counter[str]:
    """The number of letters of each script."""
    counts: Counter[str] = Counter()
    for character, count in Counter("".join(words)).items():
        counts[_script_of(ord(character))] += count
    del counts[""]
    return counts


@lru_cache(8192)
def _script_of(code: int) -> str:
    for name, ranges in _SCRIPTS.items():
        if any(first <= code <= last for first, last in ranges):
            return name
    return ""
