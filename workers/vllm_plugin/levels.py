"""The vision tower fed with bare pixel levels, many pages at once and in any size.

A page comes as bytes, one channel where it has no colour, and becomes numbers on the device.
All whole views of a step go through the tower together, and all tiles do, so that the device
is busy and not the launch of its kernels. Nothing here waits for the device: the bytes of a step
are laid into one piece of pinned memory, from which it fetches them when it gets there.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import torch

#: Keyword arguments of a page in vLLM; a page with others is left to vLLM's own code.
WHOLE, TILES, GRID = "level_whole", "level_tiles", "level_grid"
#: Those of vLLM's own processor.
STOCK_WHOLE, STOCK_TILES, STOCK_GRID = "pixel_values", "images_crop", "images_spatial_crop"
#: Pixels that go through the tower at once; it takes 110 MB for each million of them.
PIXELS_AT_ONCE = 24 * 1024 * 1024

_TABLE = "_pagefleet_levels"
Tensor = Any


def level_table(dtype: Any, device: Any) -> Tensor:
    """The number of each of the 256 levels: (level / 255 - 0.5) / 0.5, rounded once."""
    # On the host: devices divide by a constant through its reciprocal, which rounds otherwise.
    levels = torch.arange(256, dtype=torch.float32) / 255
    return ((levels - 0.5) / 0.5).to(dtype).to(device, non_blocking=True)


def embed_levels(model: Any, whole: Any, tiles: Any, grids: Any) -> list[Tensor]:
    """One embedding a page: its tiles, row by row with newlines, the whole view, a separator."""
    tower = _Tower(model)
    wholes = tower.encode([page.unsqueeze(0) for page in _bare(whole)])
    pages = _bare(tiles)
    parts = iter(tower.encode([page for page in pages if len(page)]))
    return [
        _assemble(model, next(parts) if len(page) else None, view, grid.tolist())
        for view, page, grid in zip(wholes, pages, grids, strict=True)
    ]


def table_of(model: Any) -> Tensor:
    """The level table in the numbers of ``model`` and on its device, made once."""
    if not hasattr(model, _TABLE):
        parameter = model.projector.layers.weight
        setattr(model, _TABLE, level_table(parameter.dtype, parameter.device))
    return getattr(model, _TABLE)


def _bare(pages: Any) -> list[Tensor]:
    """Each page's tensor. It may lie in a list: then vLLM copies and moves nothing by itself."""
    return [page[0] if isinstance(page, list | tuple) else page for page in pages]


class _Tower:
    def __init__(self, model: Any) -> None:
        self._model = model
        self._table = table_of(model)

    def encode(self, stacks: Sequence[Tensor]) -> list[Tensor]:
        """For each stack of views (n x channels x side x side) its features, n x places x width."""
        found: list[Tensor] = []
        for _, alike in groupby(stacks, key=lambda stack: stack.shape[-1]):
            members = on_device(list(alike), self._table.device)
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


def stock_tensors(model: Any, whole: Any, tiles: Any, grids: Any) -> dict[str, Tensor]:
    """The same pages as vLLM's own keyword arguments, for models whose tower is left alone."""
    table = table_of(model)
    wholes, parts = (on_device(_bare(pages), table.device) for pages in (whole, tiles))
    return {
        STOCK_WHOLE: torch.cat([_values(table, page.unsqueeze(0)) for page in wholes]),
        STOCK_TILES: torch.cat([_values(table, page) for page in parts]),
        STOCK_GRID: torch.stack(list(grids)),
    }


def on_device(stacks: Sequence[Tensor], device: Any) -> list[Tensor]:
    """``stacks``, all of one dtype, on ``device``: in one copy that nobody waits for."""
    if all(stack.device == device for stack in stacks):
        return list(stacks)
    sizes = [stack.numel() for stack in stacks]
    flat = [stack.reshape(-1) for stack in stacks]
    # Fresh memory each time: the allocator keeps it until the copy is done.
    pinned = torch.empty(sum(sizes), dtype=flat[0].dtype, pin_memory=device.type == "cuda")
    moved = torch.cat(flat, out=pinned).to(device, non_blocking=True).split(sizes)
    return [part.view(stack.shape) for part, stack in zip(moved, stacks, strict=True)]


def _values(table: Tensor, stack: Tensor) -> Tensor:
    """Numbers instead of levels, or what are numbers already; always three channels."""
    numbers = stack if stack.is_floating_point() else table[stack.int()]
    return numbers.expand(-1, 3, -1, -1)
