"""Answers that benchmarks replay, because without weights a model's own answer is noise."""

import random
from collections.abc import Sequence

from workers.engines.deepseek.drafts.placeholders import GAP

#: A token that stands for one that the draft text does not have.
_OTHER = 100
#: Tokens of a box: four numbers with commas and spaces.
_BOX = (3501, 14, 223, 3517, 14, 223, 3526, 14, 223, 3533)


def replayed(reference: Sequence[int], noise: float, length: int) -> tuple[int, ...]:
    """An answer of ``length`` tokens: ``reference`` as often as needed, with boxes in its gaps.

    The share ``noise`` of its tokens is replaced, at places that depend only on the text.
    """
    if not reference:
        return ()
    chance, answer = random.Random(len(reference)), []
    while len(answer) < length:
        for token in reference:
            if token == GAP:
                answer += _BOX
            else:
                answer.append(_OTHER if chance.random() < noise else token)
    return tuple(answer[:length])
