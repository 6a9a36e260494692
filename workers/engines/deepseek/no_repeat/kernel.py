"""The no-repeat rule as one kernel: what ``repeats`` says in a dozen operations.

Each of them costs the engine's process a launch at every step, and it has little time.
"""

from typing import Any

import triton
import triton.language as tl

from workers.engines.deepseek.no_repeat.banned_tokens import Terms
from workers.engines.deepseek.no_repeat.rule import MOST_ALLOWED

Tensor = Any


def hold_back_repeats(
    logits: Tensor, history: Tensor, slots: Tensor, news: Tensor, terms: Terms
) -> None:
    """Set to minus infinity, in place, every token that would repeat an n-gram.

    ``logits``: rows x vocabulary. ``history``: slots x columns, output tokens from the first.
    ``slots``: rows. ``news``: 3 x rows, how many tokens each output has, the column of one that
    is not in ``history`` yet, and that token or -1; it is put there.
    """
    rows = len(logits)
    _hold_back[(rows,)](
        logits,
        history,
        slots,
        news,
        terms.lead,
        terms.farthest,
        terms.allowed,
        logits.stride(0),
        history.stride(0),
        rows,
        LAGS=triton.next_power_of_2(terms.span.lags),
        ALLOWED=MOST_ALLOWED,
        num_warps=1 if terms.span.lags <= 64 else 4,
    )


@triton.jit  # type: ignore[untyped-decorator]
def _hold_back(  # type: ignore[no-untyped-def]
    logits,
    history,
    slots,
    news,
    leads,
    reaches,
    allowed,
    across,
    columns,
    rows,
    LAGS: tl.constexpr,
    ALLOWED: tl.constexpr,
):
    """One row."""
    row = tl.program_id(0)
    tokens = history + tl.load(slots + row).to(tl.int64) * columns
    length, fresh = tl.load(news + row), tl.load(news + 2 * rows + row)
    # Read below is only what was there before, so this needs no barrier.
    tl.store(tokens + tl.load(news + rows + row), fresh, mask=fresh >= 0)
    newest = tl.where(
        fresh >= 0, fresh, tl.load(tokens + length - 1, mask=(fresh < 0) & (length > 0), other=-1)
    )
    lead = tl.load(leads + row)
    lag = tl.arange(0, LAGS) + 1
    repeats = lag <= tl.minimum(length - lead, tl.load(reaches + row))
    for back in range(0, lead):
        mine = tl.load(tokens + length - 1 - back, mask=(back > 0) & (back < length), other=-1)
        mine = tl.where(back == 0, newest, mine)
        theirs = tl.load(tokens + length - 1 - back - lag, mask=repeats, other=-2)
        repeats = repeats & (theirs == mine)
    follower = tl.load(tokens + length - lag, mask=repeats & (lag > 1), other=-1)
    follower = tl.where(lag == 1, newest, follower)
    for place in range(0, ALLOWED):
        repeats = repeats & (follower != tl.load(allowed + row * ALLOWED + place))
    ends = logits + row.to(tl.int64) * across + follower
    tl.store(ends, float("-inf"), mask=repeats & (follower >= 0))
