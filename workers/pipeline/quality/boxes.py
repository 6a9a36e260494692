"""Text whose box has no area, or lies where the page is empty."""

from shared.domain.records.page_result import Block, QualityReason
from workers.pipeline.quality.finding import finding
from workers.pipeline.quality.judged_page import JudgedPage

#: Pale text may leave no strong ink, so a small part of the text proves nothing.
_ALLOWED = 0.1


def boxes(page: JudgedPage) -> QualityReason | None:
    """A low score where much text has no place on the page."""
    texts = [block for block in page.blocks if block.type != "image" and block.text.strip()]
    total = sum(len(block.text) for block in texts)
    outside = sum(len(block.text) for block in texts if _is_nowhere(page, block))
    if outside <= _ALLOWED * total:
        return None
    share = outside / total
    return finding("boxes", 1 - share, f"the boxes of {share:.0%} of the text are empty")


def _is_nowhere(page: JudgedPage, block: Block) -> bool:
    left, top, right, bottom = block.bbox
    return right <= left or bottom <= top or page.ink_in(block.bbox) == 0
