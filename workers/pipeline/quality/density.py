"""More characters than fit into the box of their block."""

from shared.domain.records.page_result import QualityReason
from workers.pipeline.quality.finding import finding
from workers.pipeline.quality.judged_page import JudgedPage
from workers.pipeline.quality.words import without_markup

#: Each character needs this area, in squares of a thousandth of the page: about 4 points high on
#: A4, which hardly anybody can read.
_LEAST_AREA = 11.0
#: Blocks with fewer characters are labels, whose boxes may be too small.
_FEWEST_CHARACTERS = 40


def density(page: JudgedPage) -> QualityReason | None:
    """A low score where a large part of the text can't fit where it should be."""
    total = dense = 0
    for block in page.blocks:
        length = len("".join(without_markup(block.text).split()))
        left, top, right, bottom = block.bbox
        area = max(0, right - left + 1) * max(0, bottom - top + 1)
        total += length
        if length >= _FEWEST_CHARACTERS and length * _LEAST_AREA > area:
            dense += length
    if not dense:
        return None
    share = dense / total
    return finding("density", 1 - share, f"{share:.0%} of the text does not fit into its boxes")
