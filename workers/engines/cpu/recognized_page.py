"""What was seen on a page, however it was seen, and how to place it on the rendered page."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.engines.contract import Rotation
from workers.engines.cpu.values import Box, PageContent

GRID = 999


@dataclass(frozen=True)
class Seen:
    """``content`` of an upright page; ``turn`` degrees clockwise made the rendering upright."""

    content: PageContent
    turn: Rotation
    #: "text layer" or "pixels".
    way: str
    #: Maps points of ``content`` to those of the turned page, shape (2, 3).
    unskew: NDArray[np.float64] | None = None

    def on_grid(self, box: Box) -> tuple[int, int, int, int]:
        """``box`` on the 0-999 scale of the upright page."""
        corners = np.array([box[:2], (box[2], box[1]), box[2:], (box[0], box[3])])
        if self.unskew is not None:
            corners = corners @ self.unskew[:, :2].T + self.unskew[:, 2]
        size = np.array([self.content.width, self.content.height])
        grid = np.clip(np.round(corners / size * GRID), 0, GRID).astype(int)
        left, top = grid.min(axis=0).tolist()
        right, bottom = grid.max(axis=0).tolist()
        return left, top, right, bottom
