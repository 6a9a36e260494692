"""Attention of the vision tower's SAM half, its windows and relative positions, in one kernel.

SAM adds to each score a number for the distance in rows and one for that in columns. Written out,
that table takes 400 MB for each 1024 x 1024 view, and cutting a view into windows copies it four
times a layer. Here each program reads its window from where it lies, and takes the two numbers
from one product of its queries with the weights of every distance. (Decomposed relative
positions: Li et al., MViTv2, arXiv 2112.01526, equation 5; windows: Li et al., ViTDet, arXiv
2203.16527; upstream: ``Block`` and ``RelPosAttention`` of vLLM's
``model_executor/models/deepencoder.py``.)
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
import triton
import triton.language as tl

_TABLES = "_pagefleet_distances"
_LOG2_E = 1.4426950408889634
Tensor = Any


@dataclass(frozen=True)
class Tiling:
    """How a kernel cuts its work: queries and keys at once, in whole rows of keys."""

    queries: int
    keys: int
    warps: int
    stages: int


#: For windows, whose rows have 14 keys, and for whole views, whose rows have 32 to 80: the fastest
#: of twenty tried on an H100 with views of 40 and 64.
NARROW, WIDE = Tiling(64, 32, 4, 3), Tiling(64, 128, 4, 3)


def block(module: Any, x: Tensor) -> Tensor:
    """What SAM's ``Block`` makes of ``x`` (views x rows x columns x width)."""
    x = x + attention(module.attn, module.norm1(x), module.window_size)
    found: Tensor = x + module.mlp(module.norm2(x))
    return found


def attention(module: Any, x: Tensor, window: int) -> Tensor:
    """``RelPosAttention`` within windows of ``window`` x ``window`` places, 0 for all of them.

    Where windows reach beyond the view, there are places of zeros, as upstream has them.
    """
    views, rows, columns, width = x.shape
    height, breadth = (window, window) if window else (rows, columns)
    qkv = module.qkv(x).view(views, rows, columns, 3, module.num_heads, -1)
    distances = _distances(module, height, breadth)
    positions = _positions(qkv[:, :, :, 0], distances)
    out = qkv.new_empty(views, rows, columns, width)
    _launch(qkv, positions, module.qkv.bias, out, (height, breadth), module.scale)
    found: Tensor = module.proj(out)
    return found


def _positions(query: Tensor, distances: Tensor) -> Tensor:
    """Each query's number for every distance, heads x places x distances."""
    *_, heads, depth = query.shape
    flat = query.permute(3, 0, 1, 2, 4).view(heads, -1, depth)
    return torch.bmm(flat, distances.expand(heads, -1, -1))


def _launch(
    qkv: Tensor, positions: Tensor, bias: Tensor, out: Tensor, window: tuple[int, int], scale: float
) -> None:
    views, rows, columns, _, heads, depth = qkv.shape
    height, breadth = window
    down, across = -(-rows // height), -(-columns // breadth)
    tiling = tiling_for(breadth)
    blocks = -(-height * breadth // tiling.queries)
    _attend[(views * down * across * heads * blocks,)](
        qkv,
        positions,
        bias,
        out,
        rows,
        columns,
        down,
        across,
        blocks,
        views * rows * columns,
        positions.shape[-1],
        scale * _LOG2_E,
        HEADS=heads,
        DEPTH=depth,
        HEIGHT=height,
        BREADTH=breadth,
        LINES=tiling.keys // breadth,
        QUERIES=tiling.queries,
        KEYS=tiling.keys,
        PADDED=down * height > rows or across * breadth > columns,
        LOG2_E=_LOG2_E,
        num_warps=tiling.warps,
        num_stages=tiling.stages,
    )


def tiling_for(breadth: int) -> Tiling:
    """The cut for rows of ``breadth`` keys."""
    fitting = NARROW if breadth <= 16 else WIDE
    if breadth <= fitting.keys:
        return fitting
    return replace(fitting, keys=triton.next_power_of_2(breadth))


@triton.jit  # type: ignore[untyped-decorator]
def _attend(  # type: ignore[no-untyped-def]
    qkv,
    positions,
    bias,
    out,
    rows,
    columns,
    down,
    across,
    blocks,
    total,
    distances,
    scale,
    HEADS: tl.constexpr,
    DEPTH: tl.constexpr,
    HEIGHT: tl.constexpr,
    BREADTH: tl.constexpr,
    LINES: tl.constexpr,
    QUERIES: tl.constexpr,
    KEYS: tl.constexpr,
    PADDED: tl.constexpr,
    LOG2_E: tl.constexpr,
):
    """Some queries of one head in one window."""
    program = tl.program_id(0)
    part, program = program % blocks, program // blocks
    head, program = program % HEADS, program // HEADS
    left, program = program % across * BREADTH, program // across
    top, view = program % down * HEIGHT, program // down
    number = tl.arange(0, DEPTH)
    of_key, of_value = (HEADS + head) * DEPTH + number, (2 * HEADS + head) * DEPTH + number

    query = part * QUERIES + tl.arange(0, QUERIES)
    line, column = query // BREADTH, query % BREADTH
    seen = (line < HEIGHT) & (top + line < rows) & (left + column < columns)
    place = ((view * rows + top + line) * columns + left + column).to(tl.int64)
    at = place[:, None] * (3 * HEADS * DEPTH) + head * DEPTH + number[None, :]
    q = tl.load(qkv + at, mask=seen[:, None], other=0.0)

    # Numbers for all distances lie there from the farthest back; each further line begins one
    # earlier, and so does each further column.
    own = positions + (head.to(tl.int64) * total + place) * distances
    by_line = own + (HEIGHT - 1 - line)
    by_column = own + (2 * HEIGHT - 1 + BREADTH - 1 - column)
    key = tl.arange(0, KEYS)
    key_line, key_column = key // BREADTH, key % BREADTH
    whole = key_line < LINES
    sideways = tl.load(
        by_column[:, None] + key_column[None, :], mask=seen[:, None] & whole[None, :], other=0.0
    ).to(tl.float32)
    sideways = tl.where(whole[None, :], sideways * LOG2_E, float("-inf"))

    highest = tl.full((QUERIES,), float("-inf"), tl.float32)
    weight = tl.zeros((QUERIES,), tl.float32)
    mixed = tl.zeros((QUERIES, DEPTH), tl.float32)
    for first in range(0, HEIGHT, LINES):
        row = top + first + key_line
        inside = whole & (first + key_line < HEIGHT)
        drawn = inside & (row < rows) & (left + key_column < columns)
        origin = ((view * rows + row) * columns + left + key_column).to(tl.int64)
        origin = origin[:, None] * (3 * HEADS * DEPTH)
        k = tl.load(qkv + origin + of_key[None, :], mask=drawn[:, None], other=0.0)
        v = tl.load(qkv + origin + of_value[None, :], mask=drawn[:, None], other=0.0)
        if PADDED:
            k = tl.where(drawn[:, None], k, tl.load(bias + of_key)[None, :])
            v = tl.where(drawn[:, None], v, tl.load(bias + of_value)[None, :])
        score = tl.dot(q, tl.trans(k)) * scale + sideways
        for step in tl.static_range(LINES):
            there = seen & (first + step < HEIGHT)
            upwards = tl.load(by_line + first + step, mask=there, other=0.0).to(tl.float32)
            score += tl.where(key_line == step, 1.0, 0.0)[None, :] * (upwards * LOG2_E)[:, None]
        if HEIGHT % LINES:
            score = tl.where(inside[None, :], score, float("-inf"))
        higher = tl.maximum(highest, tl.max(score, 1))
        share = tl.exp2(score - higher[:, None])
        fading = tl.exp2(highest - higher)
        weight = weight * fading + tl.sum(share, 1)
        mixed = tl.dot(share.to(v.dtype), v, mixed * fading[:, None])
        highest = higher
    at = place[:, None] * (HEADS * DEPTH) + head * DEPTH + number[None, :]
    tl.store(out + at, (mixed / weight[:, None]).to(q.dtype), mask=seen[:, None])


def _distances(module: Any, height: int, breadth: int) -> Tensor:
    """Depth x (2 height - 1 + 2 breadth - 1, and none or one more): weights of every distance."""
    known = module.__dict__.setdefault(_TABLES, {})
    if (height, breadth) not in known:
        sides = ((module.rel_pos_h, height), (module.rel_pos_w, breadth))
        table = torch.cat([_by_distance(weights, size) for weights, size in sides])
        known[height, breadth] = table.t().contiguous()
    found: Tensor = known[height, breadth]
    return found


def _by_distance(weights: Tensor, size: int) -> Tensor:
    """(2 size - 1) x depth: for a key ``size`` - 1 places before the query up to so many behind."""
    from vllm.model_executor.models.deepencoder import get_rel_pos

    pairs = get_rel_pos(size, size, weights)  # query x key x depth
    return torch.cat((pairs[1:, 0].flip(0), pairs[0]))
