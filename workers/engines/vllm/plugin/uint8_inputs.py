"""The vision tower fed with bare pixel levels, many pages at once and in any size.

A page comes as the file that holds its bytes, one channel where it has no colour. On the device it
is cut into views and becomes numbers. All whole views of a step go through the tower together, and
all tiles do, so that the device is busy and not the launch of its kernels. Nothing here waits for
the device: the bytes of a step are read into one piece of pinned memory, from which it takes them
when it gets there.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from typing import Any

import torch

from workers.engines.deepseek.page_shape import PageShape
from workers.engines.deepseek.pixels import cut_views
from workers.engines.deepseek.prepared import HEADER_BYTES

#: Keyword arguments of a page in vLLM; a page with others is left to vLLM's own code. The path of
#: its file, its ``PageShape``, and columns and rows of its tiles.
PLACE, SHAPE, GRID = "level_place", "level_shape", "level_grid"
#: Those of vLLM's own processor.
STOCK_WHOLE, STOCK_TILES, STOCK_GRID = "pixel_values", "images_crop", "images_spatial_crop"
#: Pixels that go through the tower at once; it takes 110 MB for each million of them.
PIXELS_AT_ONCE = 24 * 1024 * 1024
#: Files read at the same time.
READERS = 8

_TABLE = "_pagefleet_levels"
Tensor = Any


@dataclass(frozen=True)
class Pages:
    """Pages on the device, in levels or in numbers."""

    #: 1 x channels x side x side each.
    wholes: Sequence[Tensor]
    #: Tiles x channels x side x side each; tiles may be none.
    tiles: Sequence[Tensor]
    #: Columns and rows of each, on the host.
    grids: Tensor


def level_table(dtype: Any, device: Any) -> Tensor:
    """The number of each of the 256 levels: (level / 255 - 0.5) / 0.5, rounded once."""
    # On the host: devices divide by a constant through its reciprocal, which rounds otherwise.
    levels = torch.arange(256, dtype=torch.float32) / 255
    return ((levels - 0.5) / 0.5).to(dtype).to(device, non_blocking=True)


def load(model: Any, places: Any, shapes: Any, grids: Any) -> Pages:
    """The pages in the files at ``places``, in one copy that nobody waits for.

    A file that is gone belongs to a page that nobody wants any more, and is read as zeros: who
    does want it looks after it. Raises OSError or ValueError for one that can't be read.
    """
    sizes = [PageShape(*shape.tolist()) for shape in shapes]
    counts = [size for shape in sizes for size in shape.parts]
    device = table_of(model).device
    # Fresh memory each time: the allocator keeps it until the copy is done.
    pinned = torch.empty(sum(counts), dtype=torch.uint8, pin_memory=device.type == "cuda")
    paths = [Path(os.fsdecode(bytes(place.tolist()))) for place in places]
    ends = list(accumulate((sum(shape.parts) for shape in sizes), initial=0))
    room = memoryview(pinned.numpy())
    # Side by side, as the device has nothing else to do until the first of them is launched.
    list(_readers().map(_read, paths, (room[a:b] for a, b in pairwise(ends))))
    parts = iter(pinned.to(device, non_blocking=True).split(counts))
    views = [_views(parts, shape, grid) for shape, grid in zip(sizes, grids, strict=True)]
    return Pages([whole for whole, _ in views], [tiles for _, tiles in views], grids)


@cache
def _readers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(READERS, "read-levels")


def _views(parts: Iterator[Tensor], shape: PageShape, grid: Tensor) -> tuple[Tensor, Tensor]:
    if not shape.rows:
        return next(parts).view(shape.whole), next(parts).view(shape.cut)
    picture = next(parts).view(shape.picture)
    columns, rows = grid.tolist()
    if picture.is_cuda:
        from workers.engines.vllm.plugin.resizing import views

        return views(picture, shape, (columns, rows))
    made = cut_views(picture.numpy(), shape.mode, (columns, rows))
    return torch.from_numpy(made.whole)[None], torch.from_numpy(made.tiles)


def _read(path: Path, room: memoryview) -> None:
    try:
        file = path.open("rb", buffering=0)
    except FileNotFoundError:
        room[:] = bytes(len(room))
        return
    with file:
        file.seek(HEADER_BYTES)
        while room:
            got = file.readinto(room)
            if not got:
                raise ValueError(f"{path} is cut short")
            room = room[got:]


def embed(model: Any, pages: Pages) -> list[Tensor]:
    """One embedding a page: its tiles, row by row with newlines, the whole view, a separator."""
    tower = _Tower(model)
    wholes = tower.encode(pages.wholes)
    parts = iter(tower.encode([tiles for tiles in pages.tiles if len(tiles)]))
    return [
        _assemble(model, next(parts) if len(tiles) else None, view, grid.tolist())
        for view, tiles, grid in zip(wholes, pages.tiles, pages.grids, strict=True)
    ]


def table_of(model: Any) -> Tensor:
    """The level table in the numbers of ``model`` and on its device, made once.

    So is, on a GPU, the kernel that leads to it: vLLM's measure of memory comes by here first.
    """
    if not hasattr(model, _TABLE):
        parameter = model.projector.layers.weight
        if parameter.is_cuda:
            from workers.engines.vllm.plugin.resizing import compile_kernel

            compile_kernel(parameter.device)
        setattr(model, _TABLE, level_table(parameter.dtype, parameter.device))
    return getattr(model, _TABLE)


class _Tower:
    def __init__(self, model: Any) -> None:
        self._model = model
        self._table = table_of(model)

    def encode(self, stacks: Sequence[Tensor]) -> list[Tensor]:
        """For each stack of views (n x channels x side x side) its features, n x places x width."""
        found: list[Tensor] = []
        for _, alike in groupby(stacks, key=lambda stack: stack.shape[-1]):
            members = list(alike)
            features = [_through(self._model, part) for part in self._portions(members)]
            found.extend(torch.cat(features).split([len(stack) for stack in members]))
        return found

    def _portions(self, stacks: Sequence[Tensor]) -> Iterator[Tensor]:
        values = torch.cat([_values(self._table, stack) for stack in stacks])
        side = values.shape[-1]
        yield from values.split(max(1, PIXELS_AT_ONCE // (side * side)))


def _through(model: Any, values: Tensor) -> Tensor:
    first = model.sam_model(values)
    second = model.vision_model(values, first)
    both = torch.cat((second[:, 1:], first.flatten(2).permute(0, 2, 1)), dim=-1)
    return model.projector(both)


def _assemble(model: Any, tiles: Tensor | None, whole: Tensor, grid: Sequence[int]) -> Tensor:
    parts = [_rows(model, whole, 1, 1), model.view_seperator.unsqueeze(0)]
    if tiles is not None:
        columns, rows = grid
        parts.insert(0, _rows(model, tiles, columns, rows))
    return torch.cat(parts)


def _rows(model: Any, views: Tensor, columns: int, rows: int) -> Tensor:
    """Features of ``rows`` x ``columns`` views as one picture, a newline after each row."""
    side = int(views.shape[1] ** 0.5)
    width = views.shape[2]
    cells = views.view(rows, columns, side, side, width).permute(0, 2, 1, 3, 4)
    picture = cells.reshape(rows * side, columns * side, width)
    newline = model.image_newline.expand(rows * side, 1, width)
    return torch.cat((picture, newline), dim=1).view(-1, width)


def stock_tensors(model: Any, pages: Pages) -> dict[str, Tensor]:
    """The same pages as vLLM's own keyword arguments, for models whose tower is left alone."""
    table = table_of(model)
    # Pages without tiles know no side of them.
    tiles = [each for each in pages.tiles if len(each)] or pages.tiles[:1]
    return {
        STOCK_WHOLE: torch.cat([_values(table, page) for page in pages.wholes]),
        STOCK_TILES: torch.cat([_values(table, page) for page in tiles]),
        STOCK_GRID: torch.stack(list(pages.grids)),
    }


def _values(table: Tensor, stack: Tensor) -> Tensor:
    """Numbers instead of levels, or what are numbers already; always three channels."""
    numbers = stack if stack.is_floating_point() else table[stack.int()]
    return numbers.expand(-1, 3, -1, -1)
