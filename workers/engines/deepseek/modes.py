"""Resolution modes of DeepSeek-OCR: view sizes, tile grids and token counts."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

from shared.domain.errors import UsageError
from shared.domain.records.options import PageOptions, Resolution

#: (columns, rows) of local tiles; (1, 1) means no tiles.
Grid = tuple[int, int]
Family = Literal["ocr", "ocr2"]

NO_TILES: Grid = (1, 1)
#: Pixels of one side that become one visual token: a patch of 16, compressed 4 times.
PIXELS_PER_TOKEN = 16 * 4


@dataclass(frozen=True)
class Mode:
    """How a page is divided into views; sides in pixels."""

    #: Side of the square view of the whole page.
    global_side: int
    #: Side of a square local tile; None if the mode has no tiles.
    tile_side: int | None = None
    fewest_tiles: int = 2
    most_tiles: int = 6
    #: True: pad the global view with grey bars. False: stretch the page to a square.
    keep_aspect: bool = True
    #: A newline token ends each row of visual tokens (DeepSeek-OCR, not DeepSeek-OCR-2).
    newlines: bool = True

    def grid(self, width: int, height: int) -> Grid:
        """The tile grid of a page of ``width`` x ``height`` pixels."""
        side = self.tile_side
        if side is None or max(width, height) <= side:
            return NO_TILES
        return closest_grid(width, height, side, candidates(self.fewest_tiles, self.most_tiles))

    def tokens(self, grid: Grid) -> int:
        """Image tokens of a page: tiles, then the global view, then a separator."""
        whole = self._block(1, 1, self.global_side)
        if grid == NO_TILES or self.tile_side is None:
            return whole + 1
        return self._block(*grid, self.tile_side) + whole + 1

    def pixels(self, grid: Grid) -> int:
        """Pixels of all views of a page."""
        tiles = 0 if grid == NO_TILES else grid[0] * grid[1]
        return self.global_side**2 + tiles * (self.tile_side or 0) ** 2

    @property
    def most_tokens(self) -> int:
        """The largest ``tokens`` of any page."""
        if self.tile_side is None:
            return self.tokens(NO_TILES)
        return max(self.tokens(grid) for grid in candidates(self.fewest_tiles, self.most_tiles))

    def _block(self, columns: int, rows: int, side: int) -> int:
        queries = math.ceil(side / PIXELS_PER_TOKEN)
        return rows * queries * (columns * queries + self.newlines)


_WHOLE_PAGE: dict[Resolution, Mode] = {
    "tiny": Mode(512, keep_aspect=False),
    "small": Mode(640, keep_aspect=False),
    "base": Mode(1024),
    "large": Mode(1280),
}


def mode_for(options: PageOptions, family: Family = "ocr") -> Mode:
    """The mode for ``options``; raises UsageError if the model family does not have it.

    ``crop_mode`` applies to gundam only. auto: 2 to ``max_tiles`` tiles, by the page's proportions;
    manual: exactly ``max_tiles``; none: the global view only.
    """
    if options.resolution != "gundam":
        if family == "ocr2":
            raise UsageError(
                f"resolution {options.resolution!r} is not supported by DeepSeek-OCR-2; use gundam"
            )
        return _WHOLE_PAGE[options.resolution]
    newlines = family == "ocr"
    if options.crop_mode == "none":
        return Mode(1024, newlines=newlines)
    fewest = options.max_tiles if options.crop_mode == "manual" else 2
    side = 640 if family == "ocr" else 768
    return Mode(1024, side, fewest, options.max_tiles, newlines=newlines)


def family_of(model: str) -> Family:
    """The family of ``model``, a hub name or a folder; it decides the preprocessing."""
    return "ocr2" if "ocr-2" in model.rstrip("/").rsplit("/", 1)[-1].casefold() else "ocr"


@cache
def candidates(fewest: int, most: int) -> tuple[Grid, ...]:
    """Every grid of ``fewest`` to ``most`` tiles, smallest area first."""
    grids = (
        (columns, rows)
        for columns in range(1, most + 1)
        for rows in range(1, most // columns + 1)
        if columns * rows >= fewest
    )
    return tuple(sorted(grids, key=lambda grid: (grid[0] * grid[1], grid[0])))


def closest_grid(width: int, height: int, side: int, grids: tuple[Grid, ...]) -> Grid:
    """The grid whose proportions are closest to the page's.

    On a tie the later grid wins if the page has more than half of that grid's pixels.
    """
    proportion = width / height
    best, smallest = NO_TILES, math.inf
    for columns, rows in grids:
        difference = abs(proportion - columns / rows)
        roomy = width * height > 0.5 * side * side * columns * rows
        if difference < smallest or (difference == smallest and roomy):
            best, smallest = (columns, rows), difference
    return best
