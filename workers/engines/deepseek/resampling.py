"""Pillow's bicubic resizing as integer weight tables, which a GPU kernel applies.

Pillow resizes along one axis, rounds to uint8, then along the other. Each output pixel is a sum of
input pixels with 22-bit fixed-point weights. (Source: ``ImagingResampleInner``,
``precompute_coeffs`` and ``normalize_coeffs_8bpc`` of Pillow's ``libImaging/Resample.c``;
``contain`` and ``pad`` of its ``ImageOps``.)
"""

import math
from dataclasses import dataclass

import numpy as np
import PIL
from numpy.typing import NDArray

#: Fractional bits of a weight.
WEIGHT_BITS = 22
#: Support of the bicubic kernel, in pixels of the smaller image.
_SUPPORT = 2.0
_BICUBIC_A = -0.5
_PILLOW = tuple(int(part) for part in PIL.__version__.split(".")[:2])

#: (columns, rows).
Size = tuple[int, int]


@dataclass(frozen=True)
class Taps:
    """The weights that resize one axis of an image."""

    #: Index of the first input pixel of each output pixel.
    first: NDArray[np.int32]
    #: taps x output pixels; 0 for taps beyond the image.
    weights: NDArray[np.int32]


def taps(old: int, new: int) -> Taps:
    """The taps that resize an axis from ``old`` to ``new`` pixels."""
    scale = old / new
    filter_scale = max(scale, 1.0)
    centres = (np.arange(new) + 0.5) * scale
    first = np.maximum((centres - _SUPPORT * filter_scale + 0.5).astype(np.int64), 0)
    last = np.minimum((centres + _SUPPORT * filter_scale + 0.5).astype(np.int64), old)
    offsets = np.arange(math.ceil(_SUPPORT * filter_scale) * 2 + 1)[:, None]
    weights = _bicubic((offsets + first - centres + 0.5) * (1.0 / filter_scale))
    weights[offsets >= last - first] = 0.0
    weights /= weights.sum(axis=0)
    rounded = np.trunc(weights * (1 << WEIGHT_BITS) + np.copysign(0.5, weights))
    return Taps(first.astype(np.int32), rounded.astype(np.int32))


def _bicubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    x, a = np.abs(distance), _BICUBIC_A
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


def width_first(old: Size, new: Size) -> bool:
    """Whether Pillow resizes the width before the height."""
    narrower, lower = old[0] - new[0], old[1] - new[1]
    if _PILLOW >= (13, 0):
        return not (lower > 0 and lower > 2 * narrower)
    return not (_PILLOW >= (12, 2) and lower > 0 and old[1] > 100 * old[0])


def fitted(old: Size, side: int) -> Size:
    """The size of an image that is scaled into a square of ``side`` with its proportions kept."""
    columns, rows = old
    if columns == rows:
        return side, side
    if columns > rows:
        return side, round(rows / columns * side)
    return round(columns / rows * side), side


def margin(side: int, length: int) -> int:
    """Offset that centres ``length`` pixels within ``side``."""
    return round((side - length) * 0.5)
