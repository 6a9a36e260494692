"""Judges how plausible the text of a page is, with small rules for any engine.

Each rule looks at one kind of fault and returns a reason, or None. The worst reason decides the
score of the page.
"""

from collections.abc import Callable

from shared.domain.records.page_result import Quality, QualityReason
from workers.pipeline.quality.boxes import boxes
from workers.pipeline.quality.density import density
from workers.pipeline.quality.judged_page import JudgedPage
from workers.pipeline.quality.length_limit import length_limit
from workers.pipeline.quality.low_confidence import low_confidence
from workers.pipeline.quality.missing_text import missing_text
from workers.pipeline.quality.repetition import repetition
from workers.pipeline.quality.scripts import script
from workers.pipeline.quality.text_layer import text_layer

#: Their order does not matter.
RULES: tuple[Callable[[JudgedPage], QualityReason | None], ...] = (
    repetition,
    density,
    script,
    boxes,
    missing_text,
    text_layer,
    low_confidence,
    length_limit,
)
#: A better score is no reason.
_NO_REASON = 0.95


def judge(page: JudgedPage) -> Quality:
    """The quality of a page; 1 without any finding."""
    found = [reason for rule in RULES if (reason := rule(page)) and reason.score < _NO_REASON]
    reasons = tuple(sorted(found, key=lambda reason: (reason.score, reason.code)))
    return Quality(score=reasons[0].score if reasons else 1.0, reasons=reasons)
