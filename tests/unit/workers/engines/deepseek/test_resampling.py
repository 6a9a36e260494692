"""Resizing with the weight tables equals Pillow, pixel by pixel."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from workers.engines.deepseek.resampling import WEIGHT_BITS, Size, fitted, margin, taps, width_first

Levels = NDArray[np.uint8]
sides = st.integers(1, 700)


def squeezed(pixels: Levels, new: int) -> Levels:
    """Each row of ``pixels`` with ``new`` columns."""
    table = taps(pixels.shape[1], new)
    total = np.full((len(pixels), new), 1 << (WEIGHT_BITS - 1), np.int32)
    for tap, weights in enumerate(table.weights):
        columns = np.minimum(table.first + tap, pixels.shape[1] - 1)
        total += pixels[:, columns].astype(np.int32) * weights
    levels: Levels = np.clip(total >> WEIGHT_BITS, 0, 255).astype(np.uint8)
    return levels


def resized(pixels: Levels, size: Size) -> Levels:
    columns, rows = size
    if width_first((pixels.shape[1], len(pixels)), size):
        return squeezed(squeezed(pixels, columns).T, rows).T
    return squeezed(squeezed(pixels.T, rows).T, columns)


def noise(columns: int, rows: int) -> Levels:
    levels = np.random.default_rng(columns * 4099 + rows).integers(0, 256, (rows, columns))
    # Rows of maximal contrast.
    levels[:, ::7] = (np.arange(rows)[:, None] % 2) * 255
    return levels.astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(sides, sides, sides, sides)
@example(1358, 1920, 1280, 1920)
@example(1190, 1684, 1280, 1920)
@example(1920, 1080, 1280, 640)
@example(1358, 1920, 724, 1024)
@example(1015, 1559, 921, 968)
@example(1000, 1500, 800, 1000)
@example(1000, 1500, 800, 1100)
@example(3, 1500, 2, 1024)
@example(9000, 3, 1024, 1)
@example(1, 1, 640, 1280)
def test_every_pixel_equals_pillow(columns: int, rows: int, wide: int, high: int) -> None:
    pixels = noise(columns, rows)

    expected = np.asarray(Image.fromarray(pixels).resize((wide, high)))

    assert np.array_equal(resized(pixels, (wide, high)), expected)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 3000), st.sampled_from([64, 1024, 1280]))
@example(1, 3000, 1024)
@example(1023, 1024, 1024)
def test_a_picture_is_placed_in_its_square_as_by_pillow(columns: int, rows: int, side: int) -> None:
    black = ImageOps.pad(Image.new("L", (columns, rows)), (side, side), color=255)
    box = ImageOps.invert(black).getbbox()

    wide, high = fitted((columns, rows), side)
    left, top = margin(side, wide), margin(side, high)

    assert (box or (left, top, left + wide, top + high)) == (left, top, left + wide, top + high)
    assert (box is None) == (0 in (wide, high))


@pytest.mark.parametrize(("old", "new"), [(20_000, 1), (1, 20_000), (20_000, 19_999)])
def test_the_weights_of_a_pixel_add_up_to_one(old: int, new: int) -> None:
    table = taps(old, new)

    # Each weight is rounded on its own.
    assert abs(table.weights.sum(axis=0) - (1 << WEIGHT_BITS)).max() <= len(table.weights) / 2
    assert (table.first >= 0).all()
    assert (table.first < old).all()
    reach = np.where(table.weights != 0, np.arange(len(table.weights))[:, None], 0)
    assert (table.first + reach < old).all()
