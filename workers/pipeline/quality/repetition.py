"""Text that repeats itself: the same words, lines or cells again and again."""

import zlib
from collections.abc import Sequence

from shared.domain.records.page_result import QualityReason
from workers.pipeline.quality.finding import finding
from workers.pipeline.quality.judged_page import JudgedPage

#: Words that are looked up together.
_GRAM = 4
#: A run of words that repeats is a loop from so many words on, and from so many rounds on.
_FEWEST_WORDS, _FEWEST_ROUNDS = 16, 3
#: The score falls so many times faster than the repeated part of the text grows.
_WEIGHT = 2.5
#: Markup that is compressed to less than this part is a loop too, such as empty table cells.
_LEAST_COMPRESSED, _LEAST_MARKUP = 0.04, 2000


def repetition(page: JudgedPage) -> QualityReason | None:
    """A low score for loops, unless the text layer shows the same repetition."""
    looped = max(_looped(page.words), _looped_markup(page.markdown))
    excess = looped - (_looped(page.layer_words) if looped and page.layer_words else 0.0)
    if excess <= 0:
        return None
    return finding("repetition", 1 - _WEIGHT * excess, f"{looped:.0%} of the text repeats itself")


def _looped(words: Sequence[str]) -> float:
    """The part of ``words`` in runs that repeat with one period, 0 to 1."""
    last: dict[tuple[str, ...], int] = {}
    total = run = period = 0
    for index in range(len(words) - _GRAM + 1):
        gram = tuple(words[index : index + _GRAM])
        distance = index - last.get(gram, index)
        last[gram] = index
        if distance and distance == period:
            run += 1
            continue
        total += _counted(run, period)
        period, run = distance, bool(distance)
    total += _counted(run, period)
    return total / len(words) if words else 0.0


def _counted(run: int, period: int) -> int:
    """The words of a run of repeated grams, with its first round; 0 if it is too short."""
    length = run + _GRAM - 1 + period
    is_loop = run and length >= max(_FEWEST_WORDS, _FEWEST_ROUNDS * period)
    return length if is_loop else 0


def _looped_markup(markdown: str) -> float:
    data = markdown.encode()
    if len(data) < _LEAST_MARKUP:
        return 0.0
    return 1.0 if len(zlib.compress(data, 1)) < _LEAST_COMPRESSED * len(data) else 0.0
