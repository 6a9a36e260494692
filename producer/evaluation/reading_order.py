"""The reading order of a page: OmniDocBench (Ouyang et al., CVPR 2025, arXiv:2412.07626).

The edit distance between the order in which the result has the matched blocks of text and their
order in the truth, divided by their number: 0 is the same order.
"""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from producer.evaluation.matching import Match


def reading_order(matches: Sequence[Match]) -> float | None:
    """The distance; None where no block was found."""
    if not matches:
        return None
    in_truth = sorted(matches, key=lambda match: match.truth)
    found = [match.result[0] for match in in_truth]
    return float(Levenshtein.normalized_distance(found, sorted(found)))
