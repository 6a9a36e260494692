"""Finds which block of a result shows which block of the truth.

A simpler form of the "adjacency search match" of OmniDocBench (Ouyang et al., CVPR 2025,
arXiv:2412.07626): pairs are taken by rising distance, then a block that was split or joined is
put together with its free neighbours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from shared.domain.errors import TooLarge

#: Blocks of one side that are matched. The time grows with the square: 1,000 take 12 seconds.
MAX_BLOCKS = 3000
#: Blocks of text with a larger distance are not the same block.
MAX_DISTANCE = 0.7


@dataclass(frozen=True)
class Match:
    """Blocks [first, end) of the result that show blocks [first, end) of the truth."""

    result: tuple[int, int]
    truth: tuple[int, int]


def pair_up(
    result: Sequence[str], truth: Sequence[str], max_distance: float = 1.0
) -> list[tuple[int, int]]:
    """Pairs (of result, of truth) by rising distance; no block is in two pairs."""
    if max(len(result), len(truth)) > MAX_BLOCKS:
        raise TooLarge(f"more than {MAX_BLOCKS} blocks; mark pages with <!-- page N -->")
    if not result or not truth:
        return []
    # The cutoff ends a comparison early; its distance is then 1.
    distances = cdist(
        result,
        truth,
        scorer=Levenshtein.normalized_distance,
        score_cutoff=max_distance,
        dtype=np.float32,
    )
    rows, columns = np.nonzero(distances <= max_distance)
    order = np.lexsort((columns, rows, distances[rows, columns]))
    return _greedy(zip(rows[order].tolist(), columns[order].tolist(), strict=True))


def _greedy(candidates: "zip[tuple[int, int]]") -> list[tuple[int, int]]:
    used_results: set[int] = set()
    used_truths: set[int] = set()
    pairs = []
    for result, truth in candidates:
        if result not in used_results and truth not in used_truths:
            used_results.add(result)
            used_truths.add(truth)
            pairs.append((result, truth))
    return pairs


def match_texts(result: Sequence[str], truth: Sequence[str]) -> list[Match]:
    """The matches of text blocks in the order of the truth."""
    pairs = pair_up(result, truth, MAX_DISTANCE)
    free_results = set(range(len(result))) - {pair[0] for pair in pairs}
    free_truths = set(range(len(truth))) - {pair[1] for pair in pairs}
    matches = []
    for own, other in sorted(pairs, key=lambda pair: pair[1]):
        match = Match((own, own + 1), (other, other + 1))
        distance = _distance_of(result, truth)
        match = _extend(match, "result", free_results, distance)
        matches.append(_extend(match, "truth", free_truths, distance))
    return matches


def _extend(match: Match, side: str, free: set[int], distance: Callable[[Match], float]) -> Match:
    """``match`` with free neighbours on one side, as long as each lowers the distance."""
    while True:
        first, end = getattr(match, side)
        wider = {end: (first, end + 1), first - 1: (first - 1, end)}
        candidates = [
            (distance(replace(match, **{side: span})), block, span)
            for block, span in wider.items()
            if block in free
        ]
        best = min(candidates, default=None)
        if best is None or best[0] >= distance(match):
            return match
        free.discard(best[1])
        match = replace(match, **{side: best[2]})


def _distance_of(result: Sequence[str], truth: Sequence[str]) -> Callable[[Match], float]:
    def distance(match: Match) -> float:
        own, other = joined(result, match.result), joined(truth, match.truth)
        return float(Levenshtein.normalized_distance(own, other))

    return distance


def joined(texts: Sequence[str], span: tuple[int, int]) -> str:
    """The texts [first, end) as one."""
    return " ".join(texts[span[0] : span[1]])
