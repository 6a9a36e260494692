"""What a page shows, whichever engine reads it: its ink and its text layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.rendering.text_block import TextBlock

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workers.engines.contract import Rotation

    #: Where ink lies: rows and columns of cells over the whole page, each 0 to 1.
    InkGrid = NDArray[np.float32]


@dataclass(frozen=True)
class PageEvidence:
    """Small and pickled: the helper process that renders the page makes it.

    ``shape`` and ``ink`` are the cells of an InkGrid as bytes, empty for a page without pixels.
    """

    shape: tuple[int, int] = (0, 0)
    ink: bytes = b""
    layer: tuple[TextBlock, ...] = ()

    @classmethod
    def of(cls, strong: NDArray[np.int64], layer: tuple[TextBlock, ...]) -> PageEvidence:
        """The evidence of a rendered page; ``strong`` has the inked samples of each block."""
        import numpy as np

        rows, columns = strong.shape
        # A block has 256 samples.
        return cls((rows, columns), np.minimum(strong, 255).astype(np.uint8).tobytes(), layer)

    @property
    def grid(self) -> InkGrid:
        """The ink of the rendered page."""
        import numpy as np

        cells = np.frombuffer(self.ink, np.uint8).reshape(self.shape)
        return np.asarray(cells / np.float32(255), np.float32)

    def upright_grid(self, rotation: Rotation) -> InkGrid:
        """The ink of the page turned upright, ``rotation`` degrees clockwise."""
        import numpy as np

        return np.rot90(self.grid, -rotation // 90)
