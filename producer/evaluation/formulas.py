"""The match of display formulas: 1 minus the normalised edit distance of their LaTeX.

One of the formula metrics of OmniDocBench (Ouyang et al., CVPR 2025, arXiv:2412.07626). Its other
one, CDM, compares pictures of rendered formulas and needs a LaTeX system.
"""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from producer.evaluation.matching import pair_up
from producer.evaluation.normal_text import normal_formula


def formula_scores(result: Sequence[str], truth: Sequence[str]) -> tuple[float, ...]:
    """One score for each pair of formulas; 0 for a formula that only one side has."""
    own, other = [*map(normal_formula, result)], [*map(normal_formula, truth)]
    pairs = pair_up(own, other)
    scores = [float(Levenshtein.normalized_similarity(own[a], other[b])) for a, b in pairs]
    alone = max(len(own), len(other)) - len(pairs)
    return (*scores, *[0.0] * alone)
