"""Decides from a page's pixels whether the page is blank.

A page is blank only if nothing differs from its local background by more than noise, because
the errors differ in cost: reading a blank page costs engine time, skipping a page loses it.
"""

import math

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

#: Levels (of 255) by which strong ink differs from the page's most frequent level.
STRONG_LEVELS = 96
#: Every second pixel of every second row is sampled; a block has BLOCK x BLOCK samples.
BLOCK = 16
#: A block with at least this many samples of strong ink is writing; specks have fewer.
STRONG_IN_BLOCK = 20
#: Pixels are averaged in square cells, which reduces noise; about this many along a side.
CELLS_ALONG_SIDE = 560
#: Side of a tile in cells; its median is the local background, so that shading is not ink.
TILE = 12
#: Smallest difference of an inked cell, in levels; it grows with the page's own noise.
MIN_DIFFERENCE = 3.5
NOISE_FACTOR = 4.5
#: This many inked cells in a square of WINDOW x WINDOW cells are a stroke; specks have fewer.
WINDOW = 7
STROKE_CELLS = 6
#: Upper limit of that number, which grows with the density of specks.
MAX_STROKE_CELLS = 12


def is_blank(pixels: Pixels, strong: NDArray[np.int64]) -> bool:
    """Whether a page of height x width x 3 RGB values shows no ink.

    ``strong`` is what ``strong_ink`` found on it.
    """
    if _is_uniform(pixels):
        return True
    if strong.size and strong.max() >= STRONG_IN_BLOCK:
        return False
    return not _has_strokes(_inked(_cells(pixels)))


def _is_uniform(pixels: Pixels) -> bool:
    if pixels.min() == pixels.max():
        return True
    # Slower, for coloured paper; most pages differ in these few pixels already.
    sample = pixels[::64, ::64]
    return bool((sample == pixels[0, 0]).all() and (pixels == pixels[0, 0]).all())


def strong_ink(pixels: Pixels) -> NDArray[np.int64]:
    """For each block of samples how many differ strongly from the most frequent level."""
    sample = pixels[::2, ::2, 1]
    common = int(np.bincount(sample.ravel(), minlength=256).argmax())
    strong = (sample < max(0, common - STRONG_LEVELS)) | (sample > min(255, common + STRONG_LEVELS))
    rows, columns = (length - length % BLOCK for length in sample.shape)
    blocks = strong[:rows, :columns].reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK)
    return np.asarray(blocks.sum(axis=(1, 3)), np.int64)


def _cells(pixels: Pixels) -> Plane:
    """The average colour of each cell: rows x columns x 3."""
    height, width = pixels.shape[:2]
    side = max(1, round(max(height, width) / CELLS_ALONG_SIDE))
    tall, wide = min(side, height), min(side, width)
    bottom, right = height - height % tall, width - width % wide
    total = np.zeros((bottom // tall, right // wide, 3), np.uint32)
    for y in range(tall):
        for x in range(wide):
            total += pixels[y:bottom:tall, x:right:wide]
    return total.astype(np.float32) / np.float32(tall * wide)


def _inked(cells: Plane) -> NDArray[np.bool_]:
    """Which cells differ from their surroundings by more than noise: rows x columns."""
    difference = np.abs(cells - _background(cells)).max(axis=2)
    # The median difference, which ink on less than half of the page does not change.
    noise = 1.4826 * float(np.median(difference))
    return np.asarray(difference > max(MIN_DIFFERENCE, NOISE_FACTOR * noise))


def _background(cells: Plane) -> Plane:
    rows, columns = cells.shape[:2]
    padded = np.pad(cells, ((0, -rows % TILE), (0, -columns % TILE), (0, 0)), mode="edge")
    down, across = padded.shape[0] // TILE, padded.shape[1] // TILE
    tiles = padded.reshape(down, TILE, across, TILE, 3).swapaxes(1, 2)
    medians = np.median(tiles.reshape(down, across, TILE * TILE, 3), axis=2)
    spread = medians.repeat(TILE, axis=0).repeat(TILE, axis=1)
    return np.asarray(spread[:rows, :columns], np.float32)


def _has_strokes(inked: NDArray[np.bool_]) -> bool:
    """Whether inked cells lie closer together than scattered specks would."""
    sums = np.pad(inked, WINDOW).astype(np.int32).cumsum(axis=0).cumsum(axis=1)
    near = (
        sums[WINDOW:, WINDOW:]
        - sums[:-WINDOW, WINDOW:]
        - sums[WINDOW:, :-WINDOW]
        + sums[:-WINDOW, :-WINDOW]
    )
    by_chance = float(inked.mean()) * WINDOW * WINDOW
    needed = max(STROKE_CELLS, by_chance + 6 * math.sqrt(by_chance))
    return bool(near.max() >= min(needed, MAX_STROKE_CELLS))
