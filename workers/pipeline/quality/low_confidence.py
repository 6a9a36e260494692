"""Lines that the engine itself is not sure of."""

from shared.domain.records.page_result import QualityReason
from workers.pipeline.quality.finding import finding
from workers.pipeline.quality.judged_page import JudgedPage

#: Mean scores of lines from which on the quality is 0 and 1.
_LEAST, _SURE = 0.55, 0.85


def low_confidence(page: JudgedPage) -> QualityReason | None:
    """A low score for a low mean score of recognised lines."""
    mean = page.confidence.mean if page.confidence is not None else None
    # Of a text layer only the damaged lines are recognised.
    if mean is None or page.confidence is None or page.confidence.source != "pixels":
        return None
    message = f"the mean score of the lines is {mean:.2f}"
    return finding("low_confidence", (mean - _LEAST) / (_SURE - _LEAST), message)
