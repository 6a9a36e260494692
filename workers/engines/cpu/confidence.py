"""How sure the engine is of a page: the scores of its lines, and the ink that they explain."""

import numpy as np

from shared.domain.records.page_result import Confidence
from workers.engines.cpu.ocr.ink_clusters import share_in_lines
from workers.engines.cpu.ocr.page_ink import PageInk
from workers.engines.cpu.recognition import Corners
from workers.engines.cpu.recognized_page import RecognizedPage
from workers.engines.cpu.values import Box, PageContent

#: Regions whose ink may be letters that belong to no line of the page.
_PICTURES = frozenset({"picture", "formula"})


def confidence_of(page: RecognizedPage) -> Confidence:
    """The confidence of a whole page."""
    scores = [line.score for line in page.content.lines if line.score is not None]
    return Confidence(
        source=page.read_from,
        lines=len(scores),
        mean=_rounded(sum(scores) / len(scores)) if scores else None,
        worst=_rounded(min(scores)) if scores else None,
        ink=_rounded(page.ink_in_lines),
        also_read_by=page.also_read_by or None,
    )


def ink_in_lines(ink: PageInk, content: PageContent) -> float:
    """The part of the ink of letters that lies in the lines of ``content``, 0 to 1."""
    scale = ink.image.shape[1] / content.width
    pictures = [region.box for region in content.regions if region.label in _PICTURES]
    lines = [_corners(line.box, scale) for line in content.lines]
    return share_in_lines(ink, lines, [Box(*(edge * scale for edge in box)) for box in pictures])


def _corners(box: Box, scale: float) -> Corners:
    left, top, right, bottom = (edge * scale for edge in box)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def _rounded(share: float) -> float:
    return round(min(1.0, max(0.0, share)), 4)
