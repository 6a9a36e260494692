"""Attention of the vision tower's SAM half without its tables of relative positions.

SAM adds to each score a number for the distance in rows and one for that in columns. Written
out, that table takes 400 MB for each 1024 x 1024 view and keeps fused kernels away. The same
numbers come out of one longer product: a query is followed by its numbers for every row and
every column, a key by a one at its own row and at its own column. (Decomposed relative positions:
Li et al., MViTv2, arXiv 2112.01526, equation 5; upstream: ``RelPosAttention`` of vLLM's
``model_executor/models/deepencoder.py``.)
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

#: Fused kernels take heads of a multiple of so many numbers.
_MULTIPLE = 8
_TABLES = "_pagefleet_tables"
Tensor = Any


@dataclass(frozen=True)
class _Tables:
    """What depends on the weights and on the size of a view only."""

    #: Depth x (2 rows - 1 + 2 columns - 1): weights of every distance, from the farthest back.
    distances: Tensor
    #: Rows x columns x 1 x (rows + columns + padding): ones at each key's row and column.
    ones: Tensor


def folded_attention(module: Any, x: Tensor) -> Tensor:
    """What ``module`` makes of ``x`` (n x rows x columns x width)."""
    count, rows, columns, _ = x.shape
    qkv = module.qkv(x).view(count, rows, columns, 3, module.num_heads, -1)
    tables = _tables(module, rows, columns)
    query, key, value = _longer(qkv, tables)
    mixed = F.scaled_dot_product_attention(query, key, value, scale=module.scale)
    mixed = mixed[..., : qkv.shape[-1]].transpose(1, 2)
    found: Tensor = module.proj(mixed.reshape(count, rows, columns, -1))
    return found


def _longer(qkv: Tensor, tables: _Tables) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key and value with the positions behind them, n x heads x places x width."""
    count, rows, columns, _, heads, depth = qkv.shape
    width = depth + tables.ones.shape[-1]
    # Behind the values lies anything: it ends in numbers that are cut off.
    full = qkv.new_empty(3, count, rows, columns, heads, width)
    full[..., :depth] = qkv.permute(3, 0, 1, 2, 4, 5)
    by_row, by_column = _positions(qkv[:, :, :, 0], tables.distances)
    end = depth + rows + columns
    full[0, ..., depth : depth + rows] = by_row
    full[0, ..., depth + rows : end] = by_column
    full[0, ..., end:] = 0
    full[1, ..., depth:] = tables.ones
    query, key, value = full.view(3, count, rows * columns, heads, width).transpose(2, 3)
    return query, key, value


def _positions(query: Tensor, distances: Tensor) -> tuple[Tensor, Tensor]:
    """Each query's number for every row and every column, n x rows x columns x heads x those.

    Numbers for all distances are made at once, and read from where the query's own begin: one
    earlier for each row, or column, that it lies further on.
    """
    count, rows, columns, heads, depth = query.shape
    flat = query.permute(3, 0, 1, 2, 4).view(heads, -1, depth)
    found = torch.bmm(flat, distances.expand(heads, -1, -1))
    step = found.shape[-1]
    image, line, head = rows * columns * step, columns * step, found.stride(0)
    shape = (count, rows, columns, heads)
    by_row = found.as_strided((*shape, rows), (image, line - 1, step, head, 1), rows - 1)
    first = 2 * rows - 1 + columns - 1
    by_column = found.as_strided((*shape, columns), (image, line, step - 1, head, 1), first)
    return by_row, by_column


def _tables(module: Any, rows: int, columns: int) -> _Tables:
    known = module.__dict__.setdefault(_TABLES, {})
    if (rows, columns) not in known:
        known[rows, columns] = _make_tables(module, rows, columns)
    found: _Tables = known[rows, columns]
    return found


def _make_tables(module: Any, rows: int, columns: int) -> _Tables:
    sides = ((module.rel_pos_h, rows), (module.rel_pos_w, columns))
    distances = torch.cat([_by_distance(weights, size) for weights, size in sides])
    # The product is scaled as a whole, its positions are not meant to be.
    return _Tables((distances / module.scale).t().contiguous(), _ones(distances, rows, columns))


def _by_distance(weights: Tensor, size: int) -> Tensor:
    """(2 size - 1) x depth: for a key ``size`` - 1 places before the query up to so many behind."""
    from vllm.model_executor.models.deepencoder import get_rel_pos

    pairs = get_rel_pos(size, size, weights)  # query x key x depth
    return torch.cat((pairs[1:, 0].flip(0), pairs[0]))


def _ones(like: Tensor, rows: int, columns: int) -> Tensor:
    places = rows + columns
    depth = like.shape[-1]
    ones = like.new_zeros(rows, columns, 1, places + -(depth + places) % _MULTIPLE)
    at_row, at_column = (torch.arange(size, device=like.device) for size in (rows, columns))
    ones[at_row, :, 0, at_row] = 1
    ones[:, at_column, 0, rows + at_column] = 1
    return ones
