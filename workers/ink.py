"""Tells a page without ink from one with the faintest writing, by its pixels alone.

A page counts as blank only where nothing stands out from its local background but noise:
calling an empty page full costs an engine's time, the opposite costs the page.
"""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

#: Levels (of 255) by which strong ink differs from the page's commonest level.
STRONG = 64
#: Share of sampled pixels with strong ink that settles the matter at once.
STRONG_SHARE = 0.005
#: Pixels are averaged in square cells, which mutes noise; about this many along a side.
CELLS_ALONG_SIDE = 560
#: Cells of a tile whose median is the local background, so that shading is no ink.
TILE_CELLS = 12
#: Least difference of an inked cell, in levels; grows with the page's own noise.
LEAST_DIFFERENCE = 4.0
NOISE_FACTOR = 6.5
#: Inked cells that touch one another, as strokes do and specks of dust do not.
TOUCHING_CELLS = 4


def is_blank(pixels: Pixels) -> bool:
    """Whether a page of height x width x 3 RGB values shows no ink."""
    if _is_uniform(pixels):
        return True
    if _has_strong_ink(pixels):
        return False
    return not _has_strokes(_cells(pixels))


def _is_uniform(pixels: Pixels) -> bool:
    return bool(np.array_equal(pixels[::8, ::8], np.broadcast_to(pixels[0, 0], pixels[::8, ::8].shape))) and bool(
        (pixels == pixels[0, 0]).all()
    )


def _has_strong_ink(pixels: Pixels) -> bool:
    sample = pixels[::2, ::2, 1]
    counts = np.bincount(sample.ravel(), minlength=256)
    common = int(counts.argmax())
    strong = counts[: max(0, common - STRONG)].sum() + counts[common + STRONG :].sum()
    return bool(strong > STRONG_SHARE * sample.size)


def _cells(pixels: Pixels) -> Plane:
    """Cell averages, rows x columns x 3."""
    height, width = pixels.shape[:2]
    side = max(1, round(max(height, width) / CELLS_ALONG_SIDE))
    rows, columns = max(1, height // side), max(1, width // side)
    side_y, side_x = height // rows if height < side else side, width // columns if width < side else side
    total = np.zeros((rows, columns, 3), np.uint32)
    for y in range(side_y):
        for x in range(side_x):
            total += pixels[y : rows * side_y : side_y, x : columns * side_x : side_x]
    return (total / np.float32(side_y * side_x)).astype(np.float32)
