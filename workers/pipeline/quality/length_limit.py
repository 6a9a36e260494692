"""Text that ends because the model reached its limit."""

from shared.domain.records.page_result import QualityReason
from workers.pipeline.quality.finding import finding
from workers.pipeline.quality.judged_page import JudgedPage

_SCORE = 0.4


def length_limit(page: JudgedPage) -> QualityReason | None:
    """A low score for an answer that was cut off."""
    if page.finish_reason != "length":
        return None
    return finding("length_limit", _SCORE, "the text was cut off at the limit of the model")
