"""Ink that looks like text and is not in the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.records.page_result import QualityReason
from workers.pipeline.quality.finding import finding
from workers.pipeline.quality.judged_page import JudgedPage

if TYPE_CHECKING:
    import numpy as np

    from workers.pipeline.page_evidence import InkGrid

#: Cells with less ink are specks, cells with more are pictures or bars.
_LEAST_INK, _MOST_INK = 0.02, 0.6
#: A page with fewer such cells may have no text: it shows a rule or a stamp.
_FEWEST_CELLS = 12
#: The score of an empty result of a page with ink.
_EMPTY = 0.2
#: Explained parts of the ink from which on the score is 0 and 1: by the lines of an engine that
#: says them, and by the boxes of blocks, which lack rules and ornaments.
_LINES = (0.2, 0.75)
_BOXES = (0.1, 0.6)


def missing_text(page: JudgedPage) -> QualityReason | None:
    """A low score for an empty result, and for ink outside of all lines or blocks."""
    has_figure = any(block.type == "image" for block in page.blocks)
    if not page.words and not has_figure:
        is_inked = page.ink is not None and int(_like_text(page.ink).sum()) >= _FEWEST_CELLS
        return finding("missing_text", _EMPTY, "the page has ink and no text") if is_inked else None
    if page.confidence is not None and page.confidence.ink is not None:
        return _finding(page.confidence.ink, _LINES)
    if page.ink is None or not page.blocks:
        return None
    return _finding(_in_boxes(page, page.ink), _BOXES)


def _finding(explained: float, limits: tuple[float, float]) -> QualityReason:
    least, most = limits
    message = f"{1 - explained:.0%} of the ink of the page is not in the text"
    return finding("missing_text", (explained - least) / (most - least), message)


def _in_boxes(page: JudgedPage, ink: InkGrid) -> float:
    """The part of the cells with ink like text that the boxes of the blocks touch."""
    rows, columns = ink.shape
    outside = _like_text(ink)
    total = int(outside.sum())
    for block in page.blocks:
        left, top, right, bottom = block.bbox
        across = slice(max(0, left * columns // 1000 - 1), right * columns // 1000 + 2)
        outside[max(0, top * rows // 1000 - 1) : bottom * rows // 1000 + 2, across] = False
    return 1 - int(outside.sum()) / total if total >= _FEWEST_CELLS else 1.0


def _like_text(ink: InkGrid) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return (ink >= _LEAST_INK) & (ink <= _MOST_INK)
