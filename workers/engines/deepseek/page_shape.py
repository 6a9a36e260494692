"""The layout of a prepared page's file, as numbers that are sent to the model's process."""

from math import prod
from typing import NamedTuple

from workers.engines.deepseek.modes import NO_TILES, Mode
from workers.engines.deepseek.pixels import Picture, Views


class PageShape(NamedTuple):
    """Sizes of a page's views, and of its picture if the views do not exist yet."""

    channels: int
    #: Of the picture; 0 if the file holds views.
    rows: int
    columns: int
    #: Of the square whole view.
    side: int
    tiles: int
    tile_side: int
    #: 1 if the whole view is padded with bars, 0 if it is stretched.
    bars: int

    @property
    def whole(self) -> tuple[int, ...]:
        """Shape of the whole view: 1 x channels x rows x columns."""
        return (1, self.channels, self.side, self.side)

    @property
    def cut(self) -> tuple[int, ...]:
        """Shape of the tiles: tiles x channels x rows x columns."""
        return (self.tiles, self.channels, self.tile_side, self.tile_side)

    @property
    def picture(self) -> tuple[int, ...]:
        """Shape of the picture: rows x columns x channels."""
        return (self.rows, self.columns, self.channels)

    @property
    def mode(self) -> Mode:
        """A mode with these view sizes; its tile limits are not set."""
        return Mode(self.side, self.tile_side, keep_aspect=bool(self.bars))

    @property
    def parts(self) -> list[int]:
        """Bytes of each array in the file, in order."""
        return [prod(self.picture)] if self.rows else [prod(self.whole), prod(self.cut)]


def shape_of(page: Picture | Views) -> PageShape:
    """The shape of ``page``."""
    if isinstance(page, Views):
        channels, side, _ = page.whole.shape
        return PageShape(channels, 0, 0, side, len(page.tiles), page.tiles.shape[-1], 0)
    rows, columns, channels = page.pixels.shape
    mode, grid = page.mode, page.grid
    tiles = 0 if grid == NO_TILES else grid[0] * grid[1]
    tile_side = mode.tile_side or mode.global_side
    return PageShape(channels, rows, columns, mode.global_side, tiles, tile_side, mode.keep_aspect)
