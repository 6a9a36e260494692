"""Text that differs from a text layer that can be trusted."""

from collections import Counter
from collections.abc import Hashable, Iterable

from shared.domain.records.page_result import QualityReason
from workers.pipeline.quality.finding import finding
from workers.pipeline.quality.judged_page import JudgedPage
from workers.pipeline.quality.words import pairs

#: Likenesses of words, and of pairs of neighbouring words, from which on the score is 1. Reading
#: order and tables may differ, so only few pairs need to be equal.
_WORDS, _PAIRS = 0.75, 0.4
#: The score is 0 from here down: two texts of one language share so many words.
_BY_CHANCE = 0.25


def text_layer(page: JudgedPage) -> QualityReason | None:
    """A low score where words or their order differ from the text layer."""
    layer = page.layer_words
    if not layer:
        return None
    read = page.words + page.furniture_words
    words = _likeness(read, layer)
    score = (words - _BY_CHANCE) / (_WORDS - _BY_CHANCE)
    order = _likeness(pairs(read), pairs(layer)) / _PAIRS
    if order < score:
        return finding("text_layer", order, "the words have another order than the text layer")
    return finding("text_layer", score, f"{words:.0%} of the words agree with the text layer")


def _likeness(one: Iterable[Hashable], other: Iterable[Hashable]) -> float:
    """Twice the common part of both, by the size of both, 0 to 1."""
    first, second = Counter(one), Counter(other)
    size = first.total() + second.total()
    return 2 * (first & second).total() / size if size else 1.0
