"""Tells what a rule that a PDF draws through a line of text means: a strike or an underscore."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any

import pymupdf

from workers.engines.cpu.values import Box

#: A rule is at most this thick, in points; a page has no more of them than this.
_THICKEST, _MOST = 3.0, 5000
#: A strike runs so far above the baseline, in font sizes: through the middle of small letters.
_STRIKE = (0.12, 0.45)
#: An underscore is drawn at most this far from the baseline and has at least and at most these
#: widths, in font sizes; it reaches at most this far out of its gap.
_FROM_BASELINE, _WIDTHS, _OUTSIDE = 0.2, (0.2, 0.8), 0.15


class DrawnRules:
    """The thin rules across a page, in points."""

    def __init__(self, page: pymupdf.Page) -> None:
        self._page = page
        self._rules: list[Box] | None = None

    def strikes(self, box: Box, baseline: float, size: float) -> bool:
        """Whether a rule runs through the character with this box, baseline and font size."""
        near = self._between(baseline - _STRIKE[1] * size, baseline - _STRIKE[0] * size)
        return any(rule.left <= box.center_x <= rule.right for rule in near)

    def is_underscore(self, gap: Box, baseline: float, size: float) -> bool:
        """Whether a short rule at the baseline fills the ``gap`` between two characters."""
        outside, distance = _OUTSIDE * size, _FROM_BASELINE * size
        return any(
            _WIDTHS[0] * size < rule.width < _WIDTHS[1] * size
            and gap.left - outside < rule.left
            and rule.right < gap.right + outside
            for rule in self._between(baseline - distance / 2, baseline + distance)
        )

    def _between(self, top: float, bottom: float) -> list[Box]:
        if self._rules is None:
            self._rules = sorted(_rules(self._page), key=lambda rule: rule.center_y)
        start = bisect_left(self._rules, top, key=lambda rule: rule.center_y)
        end = bisect_right(self._rules, bottom, key=lambda rule: rule.center_y)
        return self._rules[start:end]


def _rules(page: pymupdf.Page) -> Iterator[Box]:
    drawings: list[dict[str, Any]] = page.get_cdrawings()
    for drawing in drawings[:_MOST]:
        for item in drawing["items"][:_MOST]:
            box = _box(item)
            if box is not None and box.height < _THICKEST and box.width > box.height:
                yield box


def _box(item: tuple[Any, ...]) -> Box | None:
    """The box of a line or rectangle of a drawing; None for other shapes."""
    if item[0] == "l":
        (x0, y0), (x1, y1) = item[1], item[2]
        return Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    return Box(*item[1]) if item[0] == "re" else None
