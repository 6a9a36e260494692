"""The Triton kernel of ``window_attention``: one program per block of queries, head and window.

Names follow FlashAttention-2: BLOCK_M queries and BLOCK_N keys per block, running maximum ``m_i``,
running sum ``l_i``, accumulator ``acc``.
"""

import triton
import triton.language as tl

#: The kernel uses exp2, so scores are scaled by log2(e).
LOG2_E = tl.constexpr(1.4426950408889634)


@triton.jit  # type: ignore[untyped-decorator]
def attention_kernel(  # type: ignore[no-untyped-def]
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
    row_m, column_m = offs_m // WIDTH, offs_m % WIDTH
    row_n, column_n = offs_n // WIDTH, offs_n % WIDTH
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
        mask_n = in_window & (top + start + row_n < rows) & (left + column_n < columns)
        source = ((view * rows + top + start + row_n) * columns + left + column_n).to(tl.int64)
        k = _load_kv(qkv, bias, source, HEADS + head, mask_n, HEADS, HEAD_DIM, PADDED)
        v = _load_kv(qkv, bias, source, 2 * HEADS + head, mask_n, HEADS, HEAD_DIM, PADDED)
        scores = tl.dot(q, tl.trans(k)) * scale + column_terms
        scores = _add_row_terms(scores, own, row_m, row_n, mask_m, start, HEIGHT, LINES)
        if HEIGHT % LINES:
            scores = tl.where(in_window[None, :], scores, float("-inf"))
        m_i, l_i, acc = _accumulate(scores, v, m_i, l_i, acc)
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


@triton.jit
def _accumulate(scores, v, m_i, l_i, acc):  # type: ignore[no-untyped-def]
    """One step of the online softmax: the new maximum, sum and accumulator."""
    m_new = tl.maximum(m_i, tl.max(scores, 1))
    p = tl.exp2(scores - m_new[:, None])
    alpha = tl.exp2(m_i - m_new)
    l_i = l_i * alpha + tl.sum(p, 1)
    acc = tl.dot(p.to(v.dtype), v, acc * alpha[:, None])
    return m_new, l_i, acc


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
