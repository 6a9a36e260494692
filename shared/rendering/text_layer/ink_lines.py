"""Finds the lines of a block in the pixels of its page."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from shared.rendering.text_layer.placing import Area

#: A pixel is ink where it is this much darker or lighter than most of its block, of 255.
CONTRAST = 60
#: Lines of one block differ in height by at most this factor from the middle one.
REGULAR = 1.9
#: Bands lower than this share of the middle height are dots and accents of the next line.
_DOT = 0.45
_MIN_PIXELS = 3

Pixels = npt.NDArray[np.uint8]
_Rows = tuple[int, int]


def ink_lines(pixels: Pixels, points_per_pixel: float, box: Area) -> list[Area]:
    """The lines in ``box``, from top to bottom; empty where the ink shows no regular lines.

    ``pixels`` is the upright page in gray.
    """
    left, top = int(box.left / points_per_pixel), int(box.top / points_per_pixel)
    right, bottom = int(box.right / points_per_pixel) + 1, int(box.bottom / points_per_pixel) + 1
    part = pixels[max(top, 0) : bottom, max(left, 0) : right]
    if min(part.shape, default=0) < _MIN_PIXELS:
        return []
    ink: npt.NDArray[np.bool_] = np.abs(part.astype(np.int16) - int(np.median(part))) > CONTRAST
    inked = np.flatnonzero(np.any(ink, axis=1))
    bands = _joined(_bands(inked))
    if not bands or not _regular(bands):
        return []
    return [_area(ink, band, (max(left, 0), max(top, 0)), points_per_pixel) for band in bands]


def _bands(rows: npt.NDArray[np.intp]) -> list[_Rows]:
    """Runs of neighbouring rows among ``rows``."""
    if not rows.size:
        return []
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    return [(int(run[0]), int(run[-1]) + 1) for run in runs]


def _joined(bands: list[_Rows]) -> list[_Rows]:
    """The bands, each low one joined with the nearer of its neighbours."""
    if not bands:
        return []
    low = _DOT * float(np.median([end - start for start, end in bands]))
    while len(bands) > 1:
        number = min(range(len(bands)), key=lambda each: bands[each][1] - bands[each][0])
        if bands[number][1] - bands[number][0] > max(low, 1):
            break
        gaps = [after[0] - before[1] for before, after in pairwise(bands)]
        options = [each for each in (number - 1, number) if 0 <= each < len(gaps)]
        first = min(options, key=lambda each: gaps[each])
        bands[first : first + 2] = [(bands[first][0], bands[first + 1][1])]
    return bands


def _regular(bands: list[_Rows]) -> bool:
    heights = [end - start for start, end in bands]
    middle = float(np.median(heights))
    return max(heights) <= REGULAR * middle and min(heights) * REGULAR * 1.5 >= middle


def _area(
    ink: npt.NDArray[np.bool_], band: _Rows, corner: tuple[int, int], points_per_pixel: float
) -> Area:
    columns = np.flatnonzero(ink[band[0] : band[1]].any(axis=0))
    return Area(
        (corner[0] + int(columns[0])) * points_per_pixel,
        (corner[1] + band[0]) * points_per_pixel,
        (corner[0] + int(columns[-1]) + 1) * points_per_pixel,
        (corner[1] + band[1]) * points_per_pixel,
    )
