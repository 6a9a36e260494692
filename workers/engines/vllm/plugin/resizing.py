"""Makes a page's views from its picture on the GPU, with exactly the pixels that Pillow makes."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
import triton
import triton.language as tl

from workers.engines.deepseek.page_shape import PageShape
from workers.engines.deepseek.pixels import GREY
from workers.engines.deepseek.resampling import WEIGHT_BITS, Size, fitted, margin, taps, width_first

#: Output pixels of one program.
BLOCK = 1024
#: Cached weight tables; pages of the same size share them.
_CACHED_TABLES = 128
Tensor = Any


@dataclass(frozen=True)
class Strides:
    """Elements between neighbouring rows, columns and channels of an input."""

    row: int
    column: int
    channel: int


@dataclass(frozen=True)
class Target:
    """Where a resized image is written: into tiles, ``across`` of them side by side."""

    #: tiles x channels x rows x columns.
    out: Tensor
    across: int = 1
    #: Row and column of the image's corner.
    top: int = 0
    left: int = 0


def views(picture: Tensor, shape: PageShape, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The whole view (1 x channels x side x side) and the tiles of ``picture``.

    ``picture``: rows x columns x channels, uint8, on the device. ``grid``: columns and rows.
    """
    across, down = grid
    tiles = picture.new_empty(shape.cut)
    if shape.tiles:
        size = (across * shape.tile_side, down * shape.tile_side)
        _resize(picture, size, Target(tiles, across))
    return _whole(picture, shape), tiles


def compile_kernel(device: Any) -> None:
    """Compile all variants of the kernel."""
    shape = PageShape(channels=1, rows=8, columns=8, side=8, tiles=2, tile_side=8, bars=0)
    views(torch.zeros(shape.picture, dtype=torch.uint8, device=device), shape, (1, 2))


def _whole(picture: Tensor, shape: PageShape) -> Tensor:
    side = shape.side
    size = fitted((shape.columns, shape.rows), side) if shape.bars else (side, side)
    full = size == (side, side)
    whole = picture.new_empty(shape.whole) if full else picture.new_full(shape.whole, GREY)
    if min(size):
        target = Target(whole, top=margin(side, size[1]), left=margin(side, size[0]))
        _resize(picture, size, target)
    return whole


def _resize(picture: Tensor, size: Size, target: Target) -> None:
    """Resize ``picture`` to ``size`` in two passes, one for each axis, in Pillow's order."""
    rows, columns, channels = picture.shape
    horizontal_first = width_first((columns, rows), size)
    middle_size = (size[0], rows) if horizontal_first else (columns, size[1])
    middle = picture.new_empty(1, channels, middle_size[1], middle_size[0])
    strides = Strides(columns * channels, channels, 1)
    _pass(picture, strides, (columns, rows), middle_size, Target(middle), horizontal_first)
    strides = Strides(middle_size[0], 1, middle_size[0] * middle_size[1])
    _pass(middle, strides, middle_size, size, target, not horizontal_first)


def _pass(
    source: Tensor, strides: Strides, old: Size, new: Size, target: Target, horizontal: bool
) -> None:
    """Resize one axis: the width if ``horizontal``, otherwise the height."""
    axis = 0 if horizontal else 1
    first, weights = _tables(old[axis], new[axis], source.device)
    pixels = new[0] * new[1]
    _, channels, tile_rows, tile_columns = target.out.shape
    _resample_kernel[(triton.cdiv(pixels, BLOCK), channels)](
        source,
        first,
        weights,
        target.out,
        pixels,
        new[0],
        len(weights),
        weights.shape[1],
        strides.row if horizontal else strides.column,
        strides.column if horizontal else strides.row,
        strides.channel,
        tile_rows,
        tile_columns,
        target.across,
        target.top,
        target.left,
        HORIZONTAL=horizontal,
        BITS=WEIGHT_BITS,
        BLOCK=BLOCK,
    )


@lru_cache(_CACHED_TABLES)
def _tables(old: int, new: int, device: Any) -> tuple[Tensor, Tensor]:
    tables = taps(old, new)
    return _on_device(tables.first, device), _on_device(tables.weights, device)


def _on_device(table: Any, device: Any) -> Tensor:
    tensor = torch.from_numpy(table)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


#: Not specialised, so that one compiled kernel serves all sizes, also those that are 1 or a
#: multiple of 16.
_SIZES = (
    "pixels",
    "width",
    "taps",
    "stride_taps",
    "stride_fixed",
    "stride_axis",
    "stride_channel",
    "tile_rows",
    "tile_columns",
    "across",
    "top",
    "left",
)


@triton.jit(do_not_specialize=_SIZES, do_not_specialize_on_alignment=("source",))  # type: ignore[untyped-decorator]
def _resample_kernel(  # type: ignore[no-untyped-def]
    source,
    first,
    weights,
    out,
    pixels,
    width,
    taps,
    stride_taps,
    stride_fixed,
    stride_axis,
    stride_channel,
    tile_rows,
    tile_columns,
    across,
    top,
    left,
    HORIZONTAL: tl.constexpr,
    BITS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """One program per block of output pixels and channel."""
    channel = tl.program_id(1)
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < pixels
    row, column = offs // width, offs % width
    if HORIZONTAL:
        along, fixed = column, row
    else:
        along, fixed = row, column
    begin = tl.load(first + along, mask=mask, other=0)
    inputs = source + channel * stride_channel + fixed * stride_fixed + begin * stride_axis
    acc = tl.full((BLOCK,), 1 << (BITS - 1), tl.int32)
    for tap in range(0, taps):
        weight = tl.load(weights + tap * stride_taps + along, mask=mask, other=0)
        # A tap with weight 0 may be outside the image.
        acc += weight * tl.load(inputs + tap * stride_axis, mask=weight != 0, other=0).to(tl.int32)
    level = tl.minimum(tl.maximum(acc >> BITS, 0), 255).to(tl.uint8)
    row, column = row + top, column + left
    tile = row // tile_rows * across + column // tile_columns
    inside = row % tile_rows * tile_columns + column % tile_columns
    start = (tile * tl.num_programs(1) + channel) * tile_rows * tile_columns
    tl.store(out + start + inside, level, mask=mask)
