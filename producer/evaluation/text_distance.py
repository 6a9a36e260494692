"""The edit distance of a page's text.

Levenshtein (1966), divided by the length of the longer text: 0 is equal, 1 has nothing in common.
OmniDocBench (Ouyang et al., CVPR 2025, arXiv:2412.07626) computes it over matched blocks, so the
order of blocks has no influence.
"""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from producer.evaluation.matching import Match, joined


def text_distance(
    result: Sequence[str], truth: Sequence[str], matches: Sequence[Match]
) -> float | None:
    """The smaller distance of the matched blocks and of the texts as a whole; None without text.

    The second one serves engines that divide the text into other blocks than the truth.
    """
    if not result and not truth:
        return None
    whole = Levenshtein.normalized_distance(" ".join(result), " ".join(truth))
    return min(float(whole), _of_blocks(result, truth, matches))


def _of_blocks(result: Sequence[str], truth: Sequence[str], matches: Sequence[Match]) -> float:
    """Edits of all blocks by their length; a block without a match is wrong as a whole."""
    pairs = [(joined(result, each.result), joined(truth, each.truth)) for each in matches]
    pairs += [(text, "") for text in _unmatched(result, [each.result for each in matches])]
    pairs += [("", text) for text in _unmatched(truth, [each.truth for each in matches])]
    edits = sum(Levenshtein.distance(own, other) for own, other in pairs)
    return edits / max(1, sum(max(len(own), len(other)) for own, other in pairs))


def _unmatched(texts: Sequence[str], spans: list[tuple[int, int]]) -> list[str]:
    matched = {block for first, end in spans for block in range(first, end)}
    return [text for block, text in enumerate(texts) if block not in matched]
