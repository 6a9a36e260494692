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

from workers.engines.vllm.plugin.window_kernel import LOG2_E, attention_kernel

_TABLES = "_pagefleet_rel_pos"
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
    attention_kernel[(views * windows_down * windows_across * heads * blocks,)](
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
