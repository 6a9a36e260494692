"""Answers that benchmarks replay, because without weights a model's own answer is noise."""

import random
from collections.abc import Sequence

#: A token that stands for one that the draft text does not have.
_OTHER = 100


def replayed(reference: Sequence[int], noise: float, length: int) -> tuple[int, ...]:
    """An answer of ``length`` tokens: ``reference`` as often as needed.

    The share ``noise`` of its tokens is replaced, at places that depend only on the text.
    """
    if not reference:
        return ()
    chance = random.Random(len(reference))  # noqa: S311 - the same answer at each run
    answer: list[int] = []
    while len(answer) < length:
        answer += [_OTHER if chance.random() < noise else token for token in reference]
    return tuple(answer[:length])
