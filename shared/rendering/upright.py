"""Converts between the upright page, which boxes refer to, and the page as rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    # A process that draws previews needs no records, and their import takes a fifth of its start.
    from shared.domain.records.page_result import BBox

#: Maximum coordinate of a box.
LAST = 999
_CLOCKWISE = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Part:
    """A part of a rendered page, in fractions of its width and height (0 to 1)."""

    left: float
    top: float
    right: float
    bottom: float

    def pixels(self, width: float, height: float) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in a page of ``width`` x ``height`` pixels; never empty."""
        left, top = int(self.left * width), int(self.top * height)
        right, bottom = round(self.right * width), round(self.bottom * height)
        left, top = min(left, int(width) - 1), min(top, int(height) - 1)
        return left, top, max(right, left + 1), max(bottom, top + 1)


def rendered_part(box: BBox, rotation: int) -> Part:
    """The part of the rendered page at ``box`` of the upright page.

    The upright page is the rendered page rotated clockwise by ``rotation`` degrees.
    """
    left, right = sorted((box[0] / LAST, box[2] / LAST))
    top, bottom = sorted((box[1] / LAST, box[3] / LAST))
    if rotation == 90:
        return Part(top, 1 - right, bottom, 1 - left)
    if rotation == 180:
        return Part(1 - right, 1 - bottom, 1 - left, 1 - top)
    if rotation == 270:
        return Part(1 - bottom, left, 1 - top, right)
    return Part(left, top, right, bottom)


def upright_box(box: BBox, rotation: int) -> BBox:
    """The place on the upright page of ``box`` of the rendered page."""
    part = rendered_part(box, -rotation % 360)
    return (
        round(part.left * LAST),
        round(part.top * LAST),
        round(part.right * LAST),
        round(part.bottom * LAST),
    )


def rotated(image: Image.Image, rotation: int) -> Image.Image:
    """``image`` rotated clockwise by ``rotation`` degrees: 0, 90, 180 or 270."""
    return image.transpose(_CLOCKWISE[rotation]) if rotation else image
