"""The content of a page, read from its text layer or its pixels, and how it was rotated."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workers.engines.contract import Rotation
from workers.engines.cpu.values import Box, PageContent

#: Boxes of blocks are integers on a scale from 0 to this, across the page's width and height.
_SCALE_MAX = 999


@dataclass(frozen=True)
class RecognizedPage:
    """The upright ``content`` of a page.

    ``rotation`` is in degrees clockwise from the rendered page to the upright page.
    """

    content: PageContent
    rotation: Rotation
    read_from: Literal["text layer", "pixels"]
    #: The part of the ink of letters outside pictures that lies in the lines, 0 to 1.
    ink_in_lines: float
    #: Affine matrix from points of ``content`` to points of the upright page before the deskew,
    #: shape (2, 3); None if the page was not deskewed.
    unskew: NDArray[np.float64] | None = None
    #: The program that read lines which the models could not, with its language; "" for none.
    also_read_by: str = ""

    def normalized(self, box: Box) -> tuple[int, int, int, int]:
        """``box`` (points of ``content``) on the 0-999 scale of the upright page.

        Order: left, top, right, bottom.
        """
        corners = np.array([box[:2], (box[2], box[1]), box[2:], (box[0], box[3])])
        if self.unskew is not None:
            corners = corners @ self.unskew[:, :2].T + self.unskew[:, 2]
        size = np.array([self.content.width, self.content.height])
        scaled = np.clip(np.round(corners / size * _SCALE_MAX), 0, _SCALE_MAX).astype(int)
        left, top = scaled.min(axis=0).tolist()
        right, bottom = scaled.max(axis=0).tolist()
        return left, top, right, bottom
