"""Feeds the vision tower with uint8 pixels of many pages of any size at once.

A page arrives as the path of the file with its pixels, one channel if it has no colour. The device
makes its views and converts them to the model's values. All whole views of a step go through the
tower together, and so do all tiles, because few large launches keep the device busy. Nothing here
waits for the device: all bytes of a step are read into one pinned buffer and copied asynchronously.
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
from workers.engines.deepseek.pixel_values import pixel_value_table
from workers.engines.deepseek.pixels import cut_views
from workers.engines.deepseek.prepared import HEADER_BYTES

#: pagefleet's keyword arguments of a page: the bytes of its file's path, its ``PageShape``, and the
#: columns and rows of its tiles. Pages with other arguments are left to vLLM's own code.
PATH, SHAPE, GRID = "uint8_path", "uint8_shape", "uint8_grid"
#: Keyword arguments of vLLM's own processor.
STOCK_WHOLE, STOCK_TILES, STOCK_GRID = "pixel_values", "images_crop", "images_spatial_crop"
#: Pixels that go through the tower at once; it needs 110 MB for each million.
PIXELS_AT_ONCE = 24 * 1024 * 1024
#: Files that are read in parallel.
READERS = 8

_TABLE = "_pagefleet_pixel_values"
Tensor = Any


@dataclass(frozen=True)
class Pages:
    """Pages on the device, as uint8 levels or as the model's values."""

    #: 1 x channels x side x side each.
    wholes: Sequence[Tensor]
    #: tiles x channels x side x side each; possibly 0 tiles.
    tiles: Sequence[Tensor]
    #: Columns and rows of each page's tiles, on the host.
    grids: Tensor


def load(model: Any, paths: Any, shapes: Any, grids: Any) -> Pages:
    """Read the pages in the files at ``paths`` and copy them to the device, without waiting.

    A missing file is read as zeros: its page was cancelled, or else the worker notices the missing
    file. Raises OSError or ValueError for a file that can't be read.
    """
    sizes = [PageShape(*shape.tolist()) for shape in shapes]
    counts = [size for shape in sizes for size in shape.parts]
    device = value_table(model).device
    # A fresh buffer for each step: the allocator keeps it until the copy is complete.
    pinned = torch.empty(sum(counts), dtype=torch.uint8, pin_memory=device.type == "cuda")
    files = [Path(os.fsdecode(bytes(path.tolist()))) for path in paths]
    ends = list(accumulate((sum(shape.parts) for shape in sizes), initial=0))
    buffer = memoryview(pinned.numpy())
    # In parallel, because the device is idle until the first kernel is launched.
    list(_readers().map(_read, files, (buffer[a:b] for a, b in pairwise(ends))))
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
    page = cut_views(picture.numpy(), shape.mode, (columns, rows))
    return torch.from_numpy(page.whole)[None], torch.from_numpy(page.tiles)


def _read(path: Path, buffer: memoryview) -> None:
    try:
        file = path.open("rb", buffering=0)
    except FileNotFoundError:
        buffer[:] = bytes(len(buffer))
        return
    with file:
        file.seek(HEADER_BYTES)
        while buffer:
            count = file.readinto(buffer)
            if not count:
                raise ValueError(f"{path} is cut short")
            buffer = buffer[count:]


def embed(model: Any, pages: Pages) -> list[Tensor]:
    """One embedding per page: tiles row by row with newlines, the whole view, a separator."""
    tower = _Tower(model)
    wholes = tower.encode(pages.wholes)
    parts = iter(tower.encode([tiles for tiles in pages.tiles if len(tiles)]))
    return [
        _assemble(model, next(parts) if len(tiles) else None, view, grid.tolist())
        for view, tiles, grid in zip(wholes, pages.tiles, pages.grids, strict=True)
    ]


def value_table(model: Any) -> Tensor:
    """The pixel value table in the type and on the device of ``model``, created once.

    On a GPU this also compiles the resizing kernel, so that vLLM's memory profiling includes it.
    """
    if not hasattr(model, _TABLE):
        parameter = model.projector.layers.weight
        if parameter.is_cuda:
            from workers.engines.vllm.plugin.resizing import compile_kernel

            compile_kernel(parameter.device)
        setattr(model, _TABLE, pixel_value_table(parameter.dtype, parameter.device))
    return getattr(model, _TABLE)


class _Tower:
    def __init__(self, model: Any) -> None:
        self._model = model
        self._table = value_table(model)

    def encode(self, stacks: Sequence[Tensor]) -> list[Tensor]:
        """Features (n x positions x width) of each stack of views (n x channels x side x side)."""
        encoded: list[Tensor] = []
        for _, same_side in groupby(stacks, key=lambda stack: stack.shape[-1]):
            members = list(same_side)
            features = [_features(self._model, part) for part in self._portions(members)]
            encoded.extend(torch.cat(features).split([len(stack) for stack in members]))
        return encoded

    def _portions(self, stacks: Sequence[Tensor]) -> Iterator[Tensor]:
        values = torch.cat([_values(self._table, stack) for stack in stacks])
        side = values.shape[-1]
        yield from values.split(max(1, PIXELS_AT_ONCE // (side * side)))


def _features(model: Any, values: Tensor) -> Tensor:
    sam = model.sam_model(values)
    clip = model.vision_model(values, sam)
    joint = torch.cat((clip[:, 1:], sam.flatten(2).permute(0, 2, 1)), dim=-1)
    return model.projector(joint)


def _assemble(model: Any, tiles: Tensor | None, whole: Tensor, grid: Sequence[int]) -> Tensor:
    parts = [_rows(model, whole, 1, 1), model.view_seperator.unsqueeze(0)]
    if tiles is not None:
        columns, rows = grid
        parts.insert(0, _rows(model, tiles, columns, rows))
    return torch.cat(parts)


def _rows(model: Any, views: Tensor, columns: int, rows: int) -> Tensor:
    """Features of ``rows`` x ``columns`` views as one picture, with a newline after each row."""
    side = int(views.shape[1] ** 0.5)
    width = views.shape[2]
    cells = views.view(rows, columns, side, side, width).permute(0, 2, 1, 3, 4)
    picture = cells.reshape(rows * side, columns * side, width)
    newline = model.image_newline.expand(rows * side, 1, width)
    return torch.cat((picture, newline), dim=1).view(-1, width)


def stock_tensors(model: Any, pages: Pages) -> dict[str, Tensor]:
    """``pages`` as vLLM's own keyword arguments, for models whose tower is not replaced."""
    table = value_table(model)
    # The tile side of a page without tiles is unknown, so such pages are left out.
    tiles = [each for each in pages.tiles if len(each)] or pages.tiles[:1]
    return {
        STOCK_WHOLE: torch.cat([_values(table, page) for page in pages.wholes]),
        STOCK_TILES: torch.cat([_values(table, page) for page in tiles]),
        STOCK_GRID: torch.stack(list(pages.grids)),
    }


def _values(table: Tensor, stack: Tensor) -> Tensor:
    """The model's values of ``stack``, which holds levels or already values; three channels."""
    values = stack if stack.is_floating_point() else table[stack.int()]
    return values.expand(-1, 3, -1, -1)
