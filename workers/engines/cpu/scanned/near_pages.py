"""Compares the margins of a page with those of the pages near it, as pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pymupdf
from numpy.typing import NDArray
from PIL import Image

from workers.engines.cpu.margins import recurring_key
from workers.engines.cpu.recognition import Pixels
from workers.engines.cpu.values import Box, Line, Region

#: Pages are compared with this many pixels on the longest side.
_LONGEST_SIDE = 1000
#: A header stands at most this many of these pixels elsewhere on another page.
_SHIFT = 16
#: Two pictures with this correlation show the same header (measured: 0.92 and more on rendered
#: pages, also where the page number differs; at most 0.46 for different words).
_SAME = 0.62
#: A picture in grey, shape (height, width).
Grey = NDArray[np.uint8]
#: A line belongs to a region with more than this part of its area inside.
_INSIDE = 0.5
_LABELS = frozenset({"page-header", "page-footer"})
#: Distances of the pages that are compared; headers often differ on left and right pages.
_DISTANCES = (1, -1, 2, -2)


@dataclass(frozen=True)
class NearPages:
    """The pages around ``page`` (1-based) of the document at the path ``source``.

    ``is_upright`` says that the page was neither turned nor clearly straightened, as only such
    pages can be compared.
    """

    source: str
    page: int
    is_pdf: bool
    is_upright: bool = True

    def recurring(
        self, image: Pixels, regions: Sequence[Region], lines: Sequence[Line], scale: float
    ) -> dict[str, int] | None:
        """1 for each line of a header or footer that a near page shows too, by its key.

        ``scale`` is points per pixel of ``image``. None where the other pages are not known.
        """
        boxes = [region.box for region in regions if region.label in _LABELS]
        count = self._count()
        if count == 1 or not boxes:
            return {}
        if not (self.is_pdf and self.is_upright):
            return None
        found = [box for box in boxes if self._recurs(image, box, scale, count)]
        recurring = (line for line in lines if _is_in_any(line.box, found))
        return dict.fromkeys(filter(None, (recurring_key(line.text) for line in recurring)), 1)

    def _count(self) -> int:
        if not self.is_pdf:
            with Image.open(self.source) as picture:
                return getattr(picture, "n_frames", 1)
        with pymupdf.open(self.source, filetype="pdf") as document:
            return len(document)

    def _recurs(self, image: Pixels, box: Box, scale: float, count: int) -> bool:
        factor = _LONGEST_SIDE / max(image.shape[:2])
        size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        own = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        place = Box(*(edge / scale * factor for edge in box))
        return any(_shows(own, other, place) for other in self._others(count))

    def _others(self, count: int) -> Iterator[Grey]:
        with pymupdf.open(self.source, filetype="pdf") as document:
            for number in (self.page + distance for distance in _DISTANCES):
                if 1 <= number <= count:
                    yield _small(document[number - 1])


def _is_in_any(line: Box, boxes: Sequence[Box]) -> bool:
    return any(line.fraction_inside(box) > _INSIDE for box in boxes)


def _small(page: pymupdf.Page) -> Grey:
    """``page`` in grey, with the usual number of pixels on its longest side."""
    zoom = _LONGEST_SIDE / max(page.rect.width, page.rect.height)
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), colorspace="gray", alpha=False)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)


def _shows(own: Grey, other: Grey, place: Box) -> bool:
    """Whether ``other`` shows what ``own`` shows at ``place``, there or close to it."""
    left, top, right, bottom = (max(0, round(edge)) for edge in place)
    picture = own[top:bottom, left:right]
    x, y = max(0, left - _SHIFT), max(0, top - _SHIFT)
    around = other[y : bottom + _SHIFT, x : right + _SHIFT]
    too_small = any(a < b for a, b in zip(around.shape, picture.shape, strict=True))
    if not picture.size or too_small or picture.min() == picture.max():
        return False
    likeness = cv2.matchTemplate(around, picture, cv2.TM_CCOEFF_NORMED)
    return float(likeness.max()) > _SAME
