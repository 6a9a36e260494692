"""The upright page in points, and how it lies in the coordinates of a PDF page."""

import math
from dataclasses import dataclass
from typing import Self

from shared.domain.records.page_result import BBox
from shared.rendering.lean_pymupdf import pymupdf
from shared.rendering.text_layer.placing import Area
from shared.rendering.upright import LAST


@dataclass(frozen=True)
class UprightPage:
    """Width and height in points; ``to_shown`` leads to the page as shown, with its /Rotate."""

    width: float
    height: float
    to_shown: "pymupdf.Matrix"
    to_user_space: "pymupdf.Matrix"
    #: From the coordinates of PyMuPDF's text, which leave out the page's /Rotate.
    from_text: "pymupdf.Matrix"

    @classmethod
    def of(cls, page: "pymupdf.Page", rotation: int) -> Self:
        """``page`` turned clockwise by ``rotation`` degrees from how it is shown."""
        width, height = page.rect.width, page.rect.height
        if rotation in (90, 270):
            width, height = height, width
        to_shown = {
            90: pymupdf.Matrix(0, -1, 1, 0, 0, width),
            180: pymupdf.Matrix(-1, 0, 0, -1, width, height),
            270: pymupdf.Matrix(0, 1, -1, 0, height, 0),
        }.get(rotation, pymupdf.Matrix(1, 0, 0, 1, 0, 0))
        shown, unrotated = _transforms(page)
        to_user_space = to_shown * ~shown
        return cls(width, height, to_shown, to_user_space, ~unrotated * ~to_user_space)

    def area(self, box: BBox) -> Area:
        """The rectangle of a block."""
        across, down = self.width / LAST, self.height / LAST
        left, right = sorted((box[0] * across, box[2] * across))
        top, bottom = sorted((box[1] * down, box[3] * down))
        return Area(left, top, max(right, left + across), max(bottom, top + down))


def _transforms(page: "pymupdf.Page") -> tuple["pymupdf.Matrix", "pymupdf.Matrix"]:
    """From user space to the page as shown, with crop box, /Rotate and /UserUnit; and without
    /Rotate."""
    box, matrix = pymupdf.mupdf.FzRect(), pymupdf.mupdf.FzMatrix()
    pdf_page = pymupdf.mupdf.pdf_page_from_fz_page(page.this)
    pymupdf.mupdf.pdf_page_transform(pdf_page, box, matrix)
    shown = pymupdf.Matrix(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)
    unit = math.hypot(shown.a, shown.b)
    return shown, pymupdf.Matrix(unit, 0, 0, -unit, -box.x0 * unit, box.y1 * unit)
