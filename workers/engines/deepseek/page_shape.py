"""What the file of a page holds, in the few numbers that travel to the process with the model."""

from math import prod
from typing import NamedTuple

from workers.engines.deepseek.modes import NO_TILES, Mode
from workers.engines.deepseek.pixels import Picture, Views


class PageShape(NamedTuple):
    """The sizes of a page's views, and of its picture where the views are still to be made."""

    channels: int
    #: Of the picture; 0 where the file holds the views.
    rows: int
    columns: int
    #: Of the whole view, which is square.
    side: int
    tiles: int
    tile_side: int
    #: Whether bars keep the proportions in the whole view; 0 or 1.
    bars: int

    @property
    def whole(self) -> tuple[int, ...]:
        """Views x channels x rows x columns of the whole view."""
        return (1, self.channels, self.side, self.side)

    @property
    def cut(self) -> tuple[int, ...]:
        """The same of the tiles."""
        return (self.tiles, self.channels, self.tile_side, self.tile_side)

    @property
    def picture(self) -> tuple[int, ...]:
        """Rows x columns x channels of the picture."""
        return (self.rows, self.columns, self.channels)

    @property
    def mode(self) -> Mode:
        """The sizes of the views as a mode; which pages have which tiles is not known here."""
        return Mode(self.side, self.tile_side, keep_aspect=bool(self.bars))

    @property
    def parts(self) -> list[int]:
        """Bytes of each thing in the file."""
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
