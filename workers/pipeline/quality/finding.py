"""Makes a reason from a score of any size."""

from shared.domain.records.page_result import QualityCode, QualityReason


def finding(code: QualityCode, score: float, message: str) -> QualityReason:
    """A reason whose score is limited to 0 to 1 and rounded."""
    return QualityReason(code=code, score=round(min(1.0, max(0.0, score)), 2), message=message)
