"""Makes a page's views from its picture on the GPU, pixel by pixel as Pillow does."""

from functools import lru_cache
from typing import Any

import torch
import triton
import triton.language as tl

from workers.engines.deepseek.page_shape import PageShape
from workers.engines.deepseek.pixels import GREY
from workers.engines.deepseek.resampling import WEIGHT_BITS, Size, fitted, margin, taps, width_first

#: New pixels of one program.
_PIXELS = 1024
#: Tables that are kept, for pages of the same size.
_KEPT = 128
Tensor = Any


def views(picture: Tensor, shape: PageShape, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The whole view (1 x channels x side x side) and the tiles of ``picture``.

    ``picture``: rows x columns x channels, levels, on the device.
    """
    across, down = grid
    tiles = picture.new_empty(shape.cut)
    if shape.tiles:
        _resize(picture, (across * shape.tile_side, down * shape.tile_side), tiles, across, (0, 0))
    return _whole(picture, shape), tiles


def compile_kernel(device: Any) -> None:
    """Have all forms of the kernel ready."""
    shape = PageShape(channels=1, rows=8, columns=8, side=8, tiles=2, tile_side=8, bars=0)
    views(torch.zeros(shape.picture, dtype=torch.uint8, device=device), shape, (1, 2))


def _whole(picture: Tensor, shape: PageShape) -> Tensor:
    side = shape.side
    size = fitted((shape.columns, shape.rows), side) if shape.bars else (side, side)
    full = size == (side, side)
    whole = picture.new_empty(shape.whole) if full else picture.new_full(shape.whole, GREY)
    if min(size):
        _resize(picture, size, whole, 1, (margin(side, size[1]), margin(side, size[0])))
    return whole


def _resize(picture: Tensor, size: Size, out: Tensor, across: int, corner: tuple[int, int]) -> None:
    """Put ``picture``, resized to ``size``, into the tiles ``out``, ``across`` of them in a row.

    ``corner``: row and column in ``out`` where it begins.
    """
    rows, columns, channels = picture.shape
    first = width_first((columns, rows), size)
    between = (size[0], rows) if first else (columns, size[1])
    middle = picture.new_empty(1, channels, between[1], between[0])
    lines = (columns * channels, channels, 1)
    _pass(picture, lines, (columns, rows), between, middle, 1, (0, 0), first)
    lines = (between[0], 1, between[0] * between[1])
    _pass(middle, lines, between, size, out, across, corner, not first)


def _pass(
    source: Tensor,
    strides: tuple[int, int, int],
    old: Size,
    new: Size,
    out: Tensor,
    across: int,
    corner: tuple[int, int],
    sideways: bool,
) -> None:
    """Change the width (``sideways``) or height; ``strides`` of a row, a column, a channel."""
    row, column, channel = strides
    first, weights = _tables(*((old[0], new[0]) if sideways else (old[1], new[1])), source.device)
    count = new[0] * new[1]
    _, channels, tile_rows, tile_columns = out.shape
    _resample[(triton.cdiv(count, _PIXELS), channels)](
        source,
        first,
        weights,
        out,
        count,
        new[0],
        len(weights),
        weights.shape[1],
        row if sideways else column,
        column if sideways else row,
        channel,
        tile_rows,
        tile_columns,
        across,
        *corner,
        SIDEWAYS=sideways,
        BITS=WEIGHT_BITS,
        PIXELS=_PIXELS,
    )


@lru_cache(_KEPT)
def _tables(old: int, new: int, device: Any) -> tuple[Tensor, Tensor]:
    found = taps(old, new)
    return _moved(found.first, device), _moved(found.weights, device)


def _moved(table: Any, device: Any) -> Tensor:
    tensor = torch.from_numpy(table)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


#: One kernel for all sizes: a number that happens to be 1 or even makes no other one.
_SIZES = (
    "count",
    "width",
    "taps",
    "stride",
    "line",
    "step",
    "channel",
    "tile_rows",
    "tile_columns",
    "across",
    "top",
    "left",
)


@triton.jit(do_not_specialize=_SIZES, do_not_specialize_on_alignment=("source",))  # type: ignore[untyped-decorator]
def _resample(  # type: ignore[no-untyped-def]
    source,
    first,
    weights,
    out,
    count,
    width,
    taps,
    stride,
    line,
    step,
    channel,
    tile_rows,
    tile_columns,
    across,
    top,
    left,
    SIDEWAYS: tl.constexpr,
    BITS: tl.constexpr,
    PIXELS: tl.constexpr,
):
    """New pixels of one channel."""
    place = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    here = place < count
    row, column = place // width, place % width
    if SIDEWAYS:
        along, beside = column, row
    else:
        along, beside = row, column
    begin = tl.load(first + along, mask=here, other=0)
    pixels = source + tl.program_id(1) * channel + beside * line + begin * step
    total = tl.full((PIXELS,), 1 << (BITS - 1), tl.int32)
    for tap in range(0, taps):
        weight = tl.load(weights + tap * stride + along, mask=here, other=0)
        # Where its weight is 0, there may be no pixel.
        total += weight * tl.load(pixels + tap * step, mask=weight != 0, other=0).to(tl.int32)
    level = tl.minimum(tl.maximum(total >> BITS, 0), 255).to(tl.uint8)
    row, column = row + top, column + left
    tile = row // tile_rows * across + column // tile_columns
    inside = row % tile_rows * tile_columns + column % tile_columns
    channels = tl.num_programs(1)
    start = (tile * channels + tl.program_id(1)) * tile_rows * tile_columns
    tl.store(out + start + inside, level, mask=here)
