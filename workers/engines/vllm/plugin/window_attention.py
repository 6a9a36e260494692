"""Attention of the vision tower's SAM encoder, with windows and relative positions, in one kernel.

SAM adds to each attention score one term for the distance in rows and one for the distance in
columns. Upstream materialises these terms, which takes 400 MB for each 1024 x 1024 view, and copies
the view four times per layer to cut it into windows. This kernel reads each window in place, and
takes the terms from one product of the queries with the embeddings of all distances.

Decomposed relative positions: Li et al., MViTv2, arXiv 2112.01526, equation 5. Windows: Li et al.,
ViTDet, arXiv 2203.16527. Online softmax: Dao, FlashAttention-2, arXiv 2307.08691. Upstream:
``Block`` and ``RelPosAttention`` of vLLM's ``model_executor/models/deepencoder.py``.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
import triton
import triton.language as tl

_TABLES = "_pagefleet_rel_pos"
#: The kernel uses exp2, so scores are scaled by log2(e).
LOG2_E = tl.constexpr(1.4426950408889634)
Tensor = Any


@dataclass(frozen=True)
class Tiling:
    """Block sizes: queries and keys per block, the keys in whole rows; warps and stages."""

    block_m: int
    block_n: int
    warps: int
    stages: int


#: For windows, with rows of 14 keys, and for whole views, with rows of 32 to 80 keys. The fastest
#: of twenty tilings on an H100 for views of 40 x 40 and 64 x 64 positions.
NARROW, WIDE = Tiling(64, 32, 4, 3), Tiling(64, 128, 4, 3)


def block(module: Any, x: Tensor) -> Tensor:
    """The result of SAM's ``Block`` for ``x`` (views x rows x columns x channels)."""
    x = x + attention(module.attn, module.norm1(x), module.window_size)
    out: Tensor = x + module.mlp(module.norm2(x))
    return out


def attention(module: Any, x: Tensor, window: int) -> Tensor:
    """The result of ``RelPosAttention`` for ``x``, in windows of ``window`` x ``window`` positions.

    0 means one window for the whole view. Windows that reach beyond the view are padded with zeros,
    as upstream.
    """
    views, rows, columns, channels = x.shape
    height, width = (window, window) if window else (rows, columns)
    qkv = module.qkv(x).view(views, rows, columns, 3, module.num_heads, -1)
    rel_pos = _query_rel_pos(qkv[:, :, :, 0], _rel_pos_table(module, height, width))
    attended = qkv.new_empty(views, rows, columns, channels)
    _launch(qkv, rel_pos, module.qkv.bias, attended, (height, width), module.scale)
    out: Tensor = module.proj(attended)
    return out


def _query_rel_pos(q: Tensor, table: Tensor) -> Tensor:
    """Each query's term for every distance: heads x positions x distances."""
    *_, heads, head_dim = q.shape
    flat = q.permute(3, 0, 1, 2, 4).view(heads, -1, head_dim)
    return torch.bmm(flat, table.expand(heads, -1, -1))


def _launch(
    qkv: Tensor, rel_pos: Tensor, bias: Tensor, out: Tensor, window: tuple[int, int], scale: float
) -> None:
    views, rows, columns, _, heads, head_dim = qkv.shape
    height, width = window
    windows_down, windows_across = triton.cdiv(rows, height), triton.cdiv(columns, width)
    tiling = tiling_for(width)
    blocks = triton.cdiv(height * width, tiling.block_m)
    _attention_kernel[(views * windows_down * windows_across * heads * blocks,)](
        qkv,
        rel_pos,
        bias,
        out,
        views,
        rows,
        columns,
        rel_pos.shape[-1],
        scale * LOG2_E.value,
        HEADS=heads,
        HEAD_DIM=head_dim,
        HEIGHT=height,
        WIDTH=width,
        BLOCK_M=tiling.block_m,
        BLOCK_N=tiling.block_n,
        PADDED=windows_down * height > rows or windows_across * width > columns,
        num_warps=tiling.warps,
        num_stages=tiling.stages,
    )


def tiling_for(width: int) -> Tiling:
    """The tiling for rows of ``width`` keys."""
    tiling = NARROW if width <= 16 else WIDE
    if width <= tiling.block_n:
        return tiling
    return replace(tiling, block_n=triton.next_power_of_2(width))


@triton.jit  # type: ignore[untyped-decorator]
def _attention_kernel(  # type: ignore[no-untyped-def]
    qkv,
    rel_pos,
    bias,
    out,
    views,
    rows,
    columns,
    stride_rel_pos,
    scale,
    HEADS: tl.constexpr,
    HEAD_DIM: tl.constexpr,
    HEIGHT: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr,
    PADDED: tl.constexpr,
):
    """One program per block of queries, head and window."""
    LINES: tl.constexpr = BLOCK_N // WIDTH
    block, head, view, top, left = _program(rows, columns, HEADS, HEIGHT, WIDTH, BLOCK_M)
    offs_m, offs_n = block * BLOCK_M + tl.arange(0, BLOCK_M), tl.arange(0, BLOCK_N)
    row_m, column_m, row_n, column_n = (
        offs_m // WIDTH,
        offs_m % WIDTH,
        offs_n // WIDTH,
        offs_n % WIDTH,
    )
    mask_m = (row_m < HEIGHT) & (top + row_m < rows) & (left + column_m < columns)
    position = ((view * rows + top + row_m) * columns + left + column_m).to(tl.int64)
    q = tl.load(_token(qkv, position, head, 3 * HEADS, HEAD_DIM), mask=mask_m[:, None], other=0.0)
    own = rel_pos + (head.to(tl.int64) * views * rows * columns + position) * stride_rel_pos
    column_terms = _column_terms(own, column_m, column_n, row_n < LINES, mask_m, HEIGHT, WIDTH)

    m_i = tl.full((BLOCK_M,), float("-inf"), tl.float32)
    l_i = tl.zeros((BLOCK_M,), tl.float32)
    acc = tl.zeros((BLOCK_M, HEAD_DIM), tl.float32)
    for start in range(0, HEIGHT, LINES):
        in_window = (row_n < LINES) & (start + row_n < HEIGHT)
        row = top + start + row_n
        mask_n = in_window & (row < rows) & (left + column_n < columns)
        source = ((view * rows + row) * columns + left + column_n).to(tl.int64)
        k = _load_kv(qkv, bias, source, HEADS + head, mask_n, HEADS, HEAD_DIM, PADDED)
        v = _load_kv(qkv, bias, source, 2 * HEADS + head, mask_n, HEADS, HEAD_DIM, PADDED)
        scores = tl.dot(q, tl.trans(k)) * scale + column_terms
        scores = _add_row_terms(scores, own, row_m, row_n, mask_m, start, HEIGHT, LINES)
        if HEIGHT % LINES:
            scores = tl.where(in_window[None, :], scores, float("-inf"))
        m_new = tl.maximum(m_i, tl.max(scores, 1))
        p = tl.exp2(scores - m_new[:, None])
        alpha = tl.exp2(m_i - m_new)
        l_i = l_i * alpha + tl.sum(p, 1)
        acc = tl.dot(p.to(v.dtype), v, acc * alpha[:, None])
        m_i = m_new
    target = _token(out, position, head, HEADS, HEAD_DIM)
    tl.store(target, (acc / l_i[:, None]).to(q.dtype), mask=mask_m[:, None])


@triton.jit  # type: ignore[untyped-decorator]
def _program(  # type: ignore[no-untyped-def]
    rows,
    columns,
    HEADS: tl.constexpr,
    HEIGHT: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK_M: tl.constexpr,
):
    """This program's block of queries, head and view, and the corner of its window."""
    BLOCKS: tl.constexpr = (HEIGHT * WIDTH + BLOCK_M - 1) // BLOCK_M
    program = tl.program_id(0)
    block, program = program % BLOCKS, program // BLOCKS
    head, program = program % HEADS, program // HEADS
    across = (columns + WIDTH - 1) // WIDTH
    left, program = program % across * WIDTH, program // across
    down = (rows + HEIGHT - 1) // HEIGHT
    return block, head, program // down, program % down * HEIGHT, left


@triton.jit  # type: ignore[untyped-decorator]
def _token(base, position, slot, SLOTS: tl.constexpr, HEAD_DIM: tl.constexpr):  # type: ignore[no-untyped-def]
    """Pointers to the vectors of ``slot`` at ``position``; each position has SLOTS vectors."""
    dim = tl.arange(0, HEAD_DIM)
    return base + position[:, None] * (SLOTS * HEAD_DIM) + slot * HEAD_DIM + dim[None, :]


@triton.jit  # type: ignore[untyped-decorator]
def _load_kv(  # type: ignore[no-untyped-def]
    qkv,
    bias,
    position,
    slot,
    mask,
    HEADS: tl.constexpr,
    HEAD_DIM: tl.constexpr,
    PADDED: tl.constexpr,
):
    """Keys or values; of a padded position, whose input is zero, the projection's bias."""
    x = tl.load(_token(qkv, position, slot, 3 * HEADS, HEAD_DIM), mask=mask[:, None], other=0.0)
    if PADDED:
        padding = tl.load(bias + slot * HEAD_DIM + tl.arange(0, HEAD_DIM))
        x = tl.where(mask[:, None], x, padding[None, :])
    return x


@triton.jit  # type: ignore[untyped-decorator]
def _column_terms(  # type: ignore[no-untyped-def]
    own,
    column_m,
    column_n,
    valid,
    mask_m,
    HEIGHT: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """Score terms of the distance in columns; minus infinity for keys that are not ``valid``.

    ``own``: pointers to each query's terms, from the largest negative distance to the largest
    positive one, first for rows and then for columns.
    """
    first = own + (2 * HEIGHT - 1 + WIDTH - 1 - column_m)
    mask = mask_m[:, None] & valid[None, :]
    terms = tl.load(first[:, None] + column_n[None, :], mask=mask, other=0.0).to(tl.float32)
    return tl.where(valid[None, :], terms * LOG2_E, float("-inf"))


@triton.jit  # type: ignore[untyped-decorator]
def _add_row_terms(  # type: ignore[no-untyped-def]
    scores,
    own,
    row_m,
    row_n,
    mask_m,
    start,
    HEIGHT: tl.constexpr,
    LINES: tl.constexpr,
):
    """``scores`` plus the terms of the distance in rows, for the key rows from ``start``."""
    first = own + (HEIGHT - 1 - row_m) + start
    for line in tl.static_range(LINES):
        mask = mask_m & (start + line < HEIGHT)
        term = tl.load(first + line, mask=mask, other=0.0).to(tl.float32)
        scores += tl.where(row_n == line, 1.0, 0.0)[None, :] * (term * LOG2_E)[:, None]
    return scores


def _rel_pos_table(module: Any, height: int, width: int) -> Tensor:
    """head_dim x distances: the embeddings of every distance, first in rows, then in columns.

    There are 2 height - 1 + 2 width - 1 distances.
    """
    tables = module.__dict__.setdefault(_TABLES, {})
    if (height, width) not in tables:
        axes = ((module.rel_pos_h, height), (module.rel_pos_w, width))
        table = torch.cat([_axis_table(embeddings, size) for embeddings, size in axes])
        tables[height, width] = table.t().contiguous()
    out: Tensor = tables[height, width]
    return out


def _axis_table(embeddings: Tensor, size: int) -> Tensor:
    """(2 size - 1) x head_dim: embeddings for keys from ``size`` - 1 before to as many after."""
    from vllm.model_executor.models.deepencoder import get_rel_pos

    pairs = get_rel_pos(size, size, embeddings)  # query x key x head_dim
    return torch.cat((pairs[1:, 0].flip(0), pairs[0]))
