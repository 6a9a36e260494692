"""Finds check boxes that are drawn before the lines of a text layer."""

from collections.abc import Sequence

from workers.engines.cpu.drawn_marks.bullets import CHECK_BOXES, with_bullets
from workers.engines.cpu.layout.grids.rules import long_rules, without_rules
from workers.engines.cpu.ocr.page_ink import PageInk
from workers.engines.cpu.values import Line


def with_drawn_boxes(lines: Sequence[Line], ink: PageInk, scale: float) -> list[Line]:
    """``lines`` (points) with the check box before each, as far as the page shows one.

    ``ink`` is that of the rendered page, and ``scale`` is points per pixel.
    """
    mask = without_rules(ink.mask, long_rules(ink.mask))
    return with_bullets(lines, mask, scale, CHECK_BOXES)
