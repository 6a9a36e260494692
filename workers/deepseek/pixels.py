"""The views of a page as pixel levels, and those levels as the bfloat16 that the model reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from workers.deepseek.modes import NO_TILES, Grid, Mode

Levels = NDArray[np.uint8]
#: bfloat16 values by their bits; numpy has no such type.
Halves = NDArray[np.uint16]

GREY = int(0.5 * 255)
CHANNELS = 3
#: Pixels of a page whose views may be left to the engine: more than any has that was drawn for it,
#: fewer than its views may have.
MOST_LEFT = 4 * 1024 * 1024
_MEAN = _DEVIATION = np.float32(0.5)


@dataclass(frozen=True)
class Views:
    """What the model sees of a page, channels before rows before columns.

    A page without colour has one channel, to be read three times.
    """

    grid: Grid
    #: channels x side x side.
    whole: Levels
    #: tiles x channels x side x side, row by row; no tiles where the grid is 1 x 1.
    tiles: Levels


@dataclass(frozen=True)
class Picture:
    """A page as it was drawn, of which the views are still to be made."""

    #: rows x columns x channels; one channel where it has no colour.
    pixels: Levels
    mode: Mode

    @property
    def grid(self) -> Grid:
        """The tiles that it will have."""
        rows, columns, _ = self.pixels.shape
        return self.mode.grid(columns, rows)


def make_views(image: Image.Image, mode: Mode) -> Views:
    """The views of ``image`` (RGB), equal to those of the official preprocessing.

    Resizing one channel of a colourless page gives the values of all three.
    """
    plain = one_channel(image)
    return _views(plain, mode, mode.grid(*plain.size))


def make_page(image: Image.Image, mode: Mode) -> Picture | Views:
    """``image`` (RGB) for an engine that makes views by itself; of a huge one the views."""
    plain = one_channel(image)
    if plain.width * plain.height > MOST_LEFT:
        return _views(plain, mode, mode.grid(*plain.size))
    return Picture(np.asarray(plain).reshape(plain.height, plain.width, -1), mode)


def views_of(page: Picture | Views) -> Views:
    """The views of ``page``, made here where they are still to be made."""
    return page if isinstance(page, Views) else cut_views(page.pixels, page.mode, page.grid)


def cut_views(pixels: Levels, mode: Mode, grid: Grid) -> Views:
    """The views of a picture's ``pixels`` (rows x columns x channels)."""
    plain = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    return _views(Image.fromarray(plain), mode, grid)


def _views(plain: Image.Image, mode: Mode, grid: Grid) -> Views:
    return Views(grid, _whole_view(plain, mode), _tile_views(plain, mode, grid))


def one_channel(image: Image.Image) -> Image.Image:
    """``image``, or its red channel where all channels are equal."""
    pixels = np.asarray(image)
    if _channels_equal(pixels[::61]) and _channels_equal(pixels):
        return image.getchannel(0)
    return image


def _channels_equal(pixels: Levels) -> bool:
    red, green, blue = (pixels[..., channel] for channel in range(CHANNELS))
    return bool(np.array_equal(red, green) and np.array_equal(red, blue))


def _whole_view(image: Image.Image, mode: Mode) -> Levels:
    size = (mode.global_side, mode.global_side)
    if not mode.keep_aspect:
        return _planes(image.resize(size))
    colour = GREY if image.mode == "L" else (GREY,) * CHANNELS
    return _planes(ImageOps.pad(image, size, color=colour))


def _tile_views(image: Image.Image, mode: Mode, grid: Grid) -> Levels:
    side = mode.tile_side or mode.global_side
    columns, rows = grid
    channels = len(image.getbands())
    if grid == NO_TILES:
        return np.empty((0, channels, side, side), np.uint8)
    planes = _planes(image.resize((side * columns, side * rows)))
    cells = planes.reshape(channels, rows, side, columns, side)
    return cells.transpose(1, 3, 0, 2, 4).reshape(rows * columns, channels, side, side)


def _planes(image: Image.Image) -> Levels:
    return np.stack([np.asarray(band) for band in image.split()])


def to_bfloat16(levels: Levels) -> Halves:
    """``levels`` normalised to -1..1; the last axis must be even and contiguous.

    Two neighbouring pixels are looked up at once, which halves the time.
    """
    pairs = np.take(_pair_table(), levels.view(np.uint16))
    return pairs.view(np.uint16)


@cache
def level_table() -> Halves:
    """The bfloat16 bits of each of the 256 levels, rounded as the framework rounds."""
    levels = np.arange(256, dtype=np.float32) / np.float32(255)
    bits = ((levels - _MEAN) / _DEVIATION).view(np.uint32)
    return _round_to_even(bits)


def _round_to_even(bits: NDArray[np.uint32]) -> Halves:
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    return ((bits + np.uint32(0x7FFF) + odd) >> np.uint32(16)).astype(np.uint16)


@cache
def _pair_table() -> NDArray[np.uint32]:
    pairs = np.arange(1 << 16, dtype=np.uint16).view(np.uint8)
    return level_table()[pairs].view(np.uint32)


def as_float32(halves: Halves) -> NDArray[np.float32]:
    """The numbers that ``halves`` stand for."""
    return (halves.astype(np.uint32) << np.uint32(16)).view(np.float32)


def full_shape(levels: Levels) -> Sequence[int]:
    """The shape of ``levels`` with all three channels."""
    return (*levels.shape[:-3], CHANNELS, *levels.shape[-2:])
