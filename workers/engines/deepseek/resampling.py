"""Pillow's bicubic resizing in whole numbers, as tables for a device to apply.

Pillow resizes along one side, rounds to levels, then along the other. Each new pixel is a sum of
old ones with weights of 22 bits behind the point. (Source: ``ImagingResampleInner``,
``precompute_coeffs`` and ``normalize_coeffs_8bpc`` of Pillow's ``libImaging/Resample.c``;
``contain`` and ``pad`` of its ``ImageOps``.)
"""

import math
from dataclasses import dataclass

import numpy as np
import PIL
from numpy.typing import NDArray

#: Bits of a weight behind the point.
WEIGHT_BITS = 22
#: Reach of the bicubic kernel in pixels of the smaller image.
_REACH = 2.0
_SHARPNESS = -0.5
_PILLOW = tuple(int(part) for part in PIL.__version__.split(".")[:2])

#: Columns and rows.
Size = tuple[int, int]


@dataclass(frozen=True)
class Taps:
    """How one side of an image comes from another size."""

    #: The first old pixel of each new one.
    first: NDArray[np.int32]
    #: taps x new pixels; those that reach beyond the image are 0.
    weights: NDArray[np.int32]


def taps(old: int, new: int) -> Taps:
    """The taps that make ``new`` pixels of ``old`` ones."""
    scale = old / new
    wide = max(scale, 1.0)
    centres = (np.arange(new) + 0.5) * scale
    first = np.maximum((centres - _REACH * wide + 0.5).astype(np.int64), 0)
    last = np.minimum((centres + _REACH * wide + 0.5).astype(np.int64), old)
    places = np.arange(math.ceil(_REACH * wide) * 2 + 1)[:, None]
    weights = _bicubic((places + first - centres + 0.5) * (1.0 / wide))
    weights[places >= last - first] = 0.0
    weights /= weights.sum(axis=0)
    rounded = np.trunc(weights * (1 << WEIGHT_BITS) + np.copysign(0.5, weights))
    return Taps(first.astype(np.int32), rounded.astype(np.int32))


def _bicubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    x, a = np.abs(distance), _SHARPNESS
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


def width_first(old: Size, new: Size) -> bool:
    """Whether Pillow changes the width first, and then the height."""
    narrower, lower = old[0] - new[0], old[1] - new[1]
    if _PILLOW >= (13, 0):
        return not (lower > 0 and lower > 2 * narrower)
    return not (_PILLOW >= (12, 2) and lower > 0 and old[1] > 100 * old[0])


def fitted(old: Size, side: int) -> Size:
    """The size of an image in a square of ``side``, its proportions kept."""
    columns, rows = old
    if columns == rows:
        return side, side
    if columns > rows:
        return side, round(rows / columns * side)
    return round(columns / rows * side), side


def margin(side: int, length: int) -> int:
    """Where ``length`` pixels begin that stand in the middle of ``side``."""
    return round((side - length) * 0.5)
