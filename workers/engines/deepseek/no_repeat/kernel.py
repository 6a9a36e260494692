"""The no-repeat n-gram rule as one Triton kernel.

It computes what ``banned_tokens.ban_repeated_ngrams`` computes in a dozen operations. Each launch
costs host time at every step, and the engine's process has little of it.
"""

from typing import Any

import triton
import triton.language as tl

from workers.engines.deepseek.no_repeat.banned_tokens import BatchRules
from workers.engines.deepseek.no_repeat.rule import MOST_ALLOWED

Tensor = Any


def ban_repeated_ngrams(
    logits: Tensor, history: Tensor, slots: Tensor, updates: Tensor, rules: BatchRules
) -> None:
    """Set the logit of every token that would repeat an n-gram to minus infinity, in place.

    ``logits``: rows x vocabulary. ``history``: slots x columns, output tokens, oldest first.
    ``slots``: rows. ``updates``: 3 x rows: the length of each output, the column of a token that
    is not in ``history`` yet, and that token or -1; the kernel writes it to ``history``.
    """
    rows = len(logits)
    _ban_kernel[(rows,)](
        logits,
        history,
        slots,
        updates,
        rules.prefix,
        rules.max_lag,
        rules.allowed,
        logits.stride(0),
        history.stride(0),
        rows,
        LAGS=triton.next_power_of_2(rules.span.lags),
        ALLOWED=MOST_ALLOWED,
        num_warps=1 if rules.span.lags <= 64 else 4,
    )


@triton.jit  # type: ignore[untyped-decorator]
def _ban_kernel(  # type: ignore[no-untyped-def]
    logits,
    history,
    slots,
    updates,
    prefixes,
    max_lags,
    allowed,
    stride_logits,
    stride_history,
    rows,
    LAGS: tl.constexpr,
    ALLOWED: tl.constexpr,
):
    """One program per row."""
    row = tl.program_id(0)
    tokens = history + tl.load(slots + row).to(tl.int64) * stride_history
    length, fresh = tl.load(updates + row), tl.load(updates + 2 * rows + row)
    # No barrier is needed: the loads below never read the column that is written here.
    tl.store(tokens + tl.load(updates + rows + row), fresh, mask=fresh >= 0)
    newest = tl.where(
        fresh >= 0, fresh, tl.load(tokens + length - 1, mask=(fresh < 0) & (length > 0), other=-1)
    )
    prefix = tl.load(prefixes + row)
    lag = tl.arange(0, LAGS) + 1
    repeats = lag <= tl.minimum(length - prefix, tl.load(max_lags + row))
    for back in range(0, prefix):
        last = tl.load(tokens + length - 1 - back, mask=(back > 0) & (back < length), other=-1)
        last = tl.where(back == 0, newest, last)
        earlier = tl.load(tokens + length - 1 - back - lag, mask=repeats, other=-2)
        repeats = repeats & (earlier == last)
    follower = tl.load(tokens + length - lag, mask=repeats & (lag > 1), other=-1)
    follower = tl.where(lag == 1, newest, follower)
    for index in range(0, ALLOWED):
        repeats = repeats & (follower != tl.load(allowed + row * ALLOWED + index))
    banned = logits + row.to(tl.int64) * stride_logits + follower
    tl.store(banned, float("-inf"), mask=repeats & (follower >= 0))
