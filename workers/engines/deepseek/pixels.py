"""A rendered page and its views as uint8 pixel levels, equal to the official preprocessing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from workers.engines.deepseek.modes import NO_TILES, Grid, Mode

Levels = NDArray[np.uint8]

GREY = int(0.5 * 255)
CHANNELS = 3
#: Largest page, in pixels, whose views the engine makes. Pages rendered for the model are smaller.
MAX_ENGINE_PIXELS = 4 * 1024 * 1024
#: The page must also have at most so many times the pixels of its views, because the engine limits
#: pages per step by the tokens of their views.
MAX_VIEW_RATIO = 2


@dataclass(frozen=True)
class Views:
    """The model's input for one page; a page without colour has one channel."""

    grid: Grid
    #: channels x side x side.
    whole: Levels
    #: tiles x channels x side x side, row by row; 0 tiles if the grid is 1 x 1.
    tiles: Levels


@dataclass(frozen=True)
class Picture:
    """A rendered page without views."""

    #: rows x columns x channels; one channel if the page has no colour.
    pixels: Levels
    mode: Mode

    @property
    def grid(self) -> Grid:
        """The tile grid of its views."""
        rows, columns, _ = self.pixels.shape
        return self.mode.grid(columns, rows)


def make_views(image: Image.Image, mode: Mode) -> Views:
    """The views of ``image`` (RGB), equal to those of the official preprocessing.

    A page without colour is resized as one channel, which gives the same values.
    """
    plain = one_channel(image)
    return _views(plain, mode, mode.grid(*plain.size))


def make_page(image: Image.Image, mode: Mode) -> Picture | Views:
    """``image`` (RGB) as a picture for the engine, or as finished views if it is too large."""
    plain = one_channel(image)
    grid = mode.grid(*plain.size)
    if plain.width * plain.height > min(MAX_ENGINE_PIXELS, MAX_VIEW_RATIO * mode.pixels(grid)):
        return _views(plain, mode, grid)
    return Picture(np.asarray(plain).reshape(plain.height, plain.width, -1), mode)


def views_of(page: Picture | Views) -> Views:
    """The views of ``page``; makes them if it is a picture."""
    return page if isinstance(page, Views) else cut_views(page.pixels, page.mode, page.grid)


def cut_views(pixels: Levels, mode: Mode, grid: Grid) -> Views:
    """The views of ``pixels`` (rows x columns x channels)."""
    plain = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    return _views(Image.fromarray(plain), mode, grid)


def _views(plain: Image.Image, mode: Mode, grid: Grid) -> Views:
    return Views(grid, _whole_view(plain, mode), _tile_views(plain, mode, grid))


def one_channel(image: Image.Image) -> Image.Image:
    """``image``, or its red channel if all channels are equal."""
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
