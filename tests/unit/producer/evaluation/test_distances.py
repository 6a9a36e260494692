"""Text distance and reading order agree with the definition of Levenshtein's distance."""

import random
from collections.abc import Sequence

import pytest

from producer.evaluation.matching import Match
from producer.evaluation.reading_order import reading_order
from producer.evaluation.text_distance import text_distance


def levenshtein(first: Sequence[object], second: Sequence[object]) -> int:
    """The fewest insertions, removals and replacements (Wagner and Fischer, 1974)."""
    row: list[int] = [*range(len(second) + 1)]
    for number, one in enumerate(first, start=1):
        above: list[int] = row
        row = [number]
        for column, other in enumerate(second, start=1):
            row.append(min(above[column] + 1, row[-1] + 1, above[column - 1] + bool(one != other)))
    return row[-1]


def text(chance: random.Random) -> str:
    """A short text of few different letters, so that many alignments compete."""
    return "".join(chance.choices("ab é漢", k=chance.randint(1, 30)))


@pytest.mark.parametrize("seed", range(100))
def test_the_text_distance_is_that_of_levenshtein(seed: int) -> None:
    chance = random.Random(seed)
    own, other = text(chance), text(chance)

    expected = levenshtein(own, other) / max(len(own), len(other))
    assert text_distance([own], [other], []) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(100))
def test_the_reading_order_is_that_of_the_matched_blocks(seed: int) -> None:
    order = [*range(random.Random(seed).randint(1, 12))]
    random.Random(seed).shuffle(order)
    matches = [Match((own, own + 1), (place, place + 1)) for place, own in enumerate(order)]

    expected = levenshtein(order, sorted(order)) / len(order)
    assert reading_order(matches) == pytest.approx(expected)
