"""Verification and proposal of drafts in three Triton kernels.

They compute what ``tensor_operations`` computes in some sixty operations. Each launch costs host
time at every step, and the logits are read once instead of three times.
"""

from typing import Any

import torch
import triton
import triton.language as tl

from workers.engines.deepseek.drafts.layout import Layout, Verified
from workers.engines.deepseek.drafts.matcher import DEPTH, LEAST, LEAST_IN_ANSWER
from workers.engines.deepseek.drafts.placeholders import ABSENT, FILLER, NONE, REFERENCE_TOKENS
from workers.engines.deepseek.drafts.tables import Tables
from workers.engines.deepseek.no_repeat.banned_tokens import Span
from workers.engines.deepseek.no_repeat.rule import MOST_ALLOWED

Tensor = Any

#: Logits, and tokens of a text, that a program reads at once.
VOCABULARY_BLOCK = 4096
TEXT_BLOCK = 1024


def best_tokens(
    tables: Tables,
    logits: Tensor,
    drafted: Tensor,
    slots: Tensor,
    layout: Layout,
    span: Span | None,
) -> Tensor:
    """As ``DraftBatch.best_tokens``; of equal logits the first."""
    rows, vocabulary = logits.shape
    best = torch.empty(rows, dtype=torch.int32, device=logits.device)
    replay = tables.history if tables.replay is None else tables.replay
    best_kernel[(rows,)](
        logits,
        best,
        drafted,
        slots,
        layout.sequence,
        layout.offset,
        tables.lengths,
        tables.history,
        tables.rules,
        replay,
        logits.stride(0),
        tables.history.stride(0),
        tables.rules.stride(0),
        vocabulary,
        tables.longest,
        LAGS=triton.next_power_of_2(span.lags) if span else 0,
        ALLOWED=MOST_ALLOWED,
        REPLAYED=tables.replay is not None,
        BLOCK=VOCABULARY_BLOCK,
        num_warps=8,
    )
    return best


def settle(
    tables: Tables,
    best: Tensor,
    drafted: Tensor,
    slots: Tensor,
    layout: Layout,
    forced: Tensor,
    discarded: Tensor,
) -> Verified:
    """As ``DraftBatch.settle``."""
    sequences, columns = len(slots), layout.most + 1
    tokens = torch.empty((sequences, columns), dtype=torch.int32, device=best.device)
    counts, newest = tokens.new_empty(sequences), tokens.new_empty(sequences)
    settle_kernel[(sequences,)](
        best,
        drafted,
        slots,
        layout.first,
        layout.drafts,
        forced,
        discarded.view(torch.int8),
        tables.history,
        tables.lengths,
        tables.expected,
        tables.follows,
        tokens,
        counts,
        newest,
        tables.history.stride(0),
        tables.longest,
        columns,
        COLUMNS=triton.next_power_of_2(columns),
        num_warps=1,
    )
    return Verified(tokens, counts, newest)


def propose(tables: Tables, slots: Tensor, _window: int, count: int) -> Tensor:
    """As ``DraftBatch.propose``; looks at all of each answer, whatever the window."""
    drafts = torch.empty((len(slots), count), dtype=torch.int32, device=slots.device)
    propose_kernel[(len(slots),)](
        tables.history,
        tables.reference,
        slots,
        tables.lengths,
        tables.expected,
        tables.follows,
        drafts,
        tables.history.stride(0),
        tables.reference.stride(0),
        count,
        TOKENS=REFERENCE_TOKENS,
        DEPTH=DEPTH,
        LEAST=LEAST,
        LEAST_IN_ANSWER=LEAST_IN_ANSWER,
        COUNT=triton.next_power_of_2(count),
        BLOCK=TEXT_BLOCK,
        NONE=NONE,
        ABSENT=ABSENT,
        FILLER=FILLER,
        num_warps=8,
    )
    return drafts


@triton.jit
def _output_token(tokens, drafts, at, length, wanted):  # type: ignore[no-untyped-def]
    """The output token at position ``at``: of the answer, and from ``length`` on of the drafts."""
    written = tl.load(tokens + at, mask=wanted & (at >= 0) & (at < length), other=-1)
    drafted = tl.load(drafts + (at - length), mask=wanted & (at >= length), other=-1)
    return tl.where(at < length, written, drafted)


@triton.jit  # type: ignore[untyped-decorator]
def _ban_repeats(  # type: ignore[no-untyped-def]
    own, rule, tokens, drafts, length, end, LAGS: tl.constexpr, ALLOWED: tl.constexpr
):
    """Ban the tokens that would repeat an n-gram; ``own`` are the logits after ``end`` tokens."""
    size = tl.load(rule)
    max_lag = tl.where(size > 1, tl.load(rule + 1) - size + 1, 0)
    lag = tl.arange(0, LAGS) + 1
    repeats = lag <= tl.minimum(end - (size - 1), max_lag)
    for back in range(0, size - 1):
        at = end - 1 - back
        last = _output_token(tokens, drafts, at, length, at >= 0)
        earlier = _output_token(tokens, drafts, at - lag, length, repeats)
        repeats = repeats & (earlier == last)
    follower = _output_token(tokens, drafts, end - lag, length, repeats)
    for index in range(0, ALLOWED):
        repeats = repeats & (follower != tl.load(rule + 2 + index))
    tl.store(own + follower, float("-inf"), mask=repeats & (follower >= 0))


@triton.jit  # type: ignore[untyped-decorator]
def _first_largest(own, vocabulary, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]
    """The first token with the largest logit."""
    lane = tl.arange(0, BLOCK)
    highest = tl.full((BLOCK,), float("-inf"), tl.float32)
    where = lane
    for start in range(0, vocabulary, BLOCK):
        at = start + lane
        value = tl.load(own + at, mask=at < vocabulary, other=float("-inf")).to(tl.float32)
        higher = value > highest
        highest = tl.where(higher, value, highest)
        where = tl.where(higher, at, where)
    return tl.min(tl.where(highest == tl.max(highest, 0), where, vocabulary - 1), 0)


@triton.jit  # type: ignore[untyped-decorator]
def best_kernel(  # type: ignore[no-untyped-def]
    logits,
    best,
    drafted,
    slots,
    sequences,
    offsets,
    lengths,
    history,
    rules,
    replay,
    stride_logits,
    stride_history,
    stride_rules,
    vocabulary,
    longest,
    LAGS: tl.constexpr,
    ALLOWED: tl.constexpr,
    REPLAYED: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """One program per row: ban repetitions, then find the largest logit."""
    row = tl.program_id(0)
    slot = tl.load(slots + tl.load(sequences + row)).to(tl.int64)
    offset = tl.load(offsets + row)
    length = tl.load(lengths + slot)
    end = length + offset
    tokens = history + slot * stride_history
    # The first draft of the sequence belongs to its second row.
    drafts = drafted + row - offset + 1
    own = logits + row.to(tl.int64) * stride_logits
    if LAGS > 0:
        rule = rules + slot * stride_rules
        _ban_repeats(own, rule, tokens, drafts, length, end, LAGS, ALLOWED)
        # The loads below read what other threads of this program have banned.
        tl.debug_barrier()
    first = _first_largest(own, vocabulary, BLOCK)
    if REPLAYED:
        answer = tl.load(replay + slot * stride_history + tl.minimum(end, longest))
        first = tl.where(answer >= 0, answer, first)
    tl.store(best + row, first)


@triton.jit  # type: ignore[untyped-decorator]
def settle_kernel(  # type: ignore[no-untyped-def]
    best,
    drafted,
    slots,
    firsts,
    drafts,
    forced,
    discarded,
    history,
    lengths,
    expected,
    follows,
    tokens,
    counts,
    newest,
    stride_history,
    longest,
    columns,
    COLUMNS: tl.constexpr,
):
    """One program per sequence: accept drafts and append the new tokens to the answer."""
    sequence = tl.program_id(0)
    first, own = tl.load(firsts + sequence), tl.load(drafts + sequence)
    column = tl.arange(0, COLUMNS)
    token = tl.load(best + first + column, mask=column <= own, other=-1)
    draft = tl.load(drafted + first + 1 + column, mask=column < own, other=-2)
    accepted = tl.min(tl.where(draft == token, COLUMNS, column), 0)
    random = tl.load(forced + sequence)
    accepted = tl.where(random >= 0, 0, accepted)
    token = tl.where(random >= 0, random, token)
    token = tl.where(column <= tl.minimum(accepted, own), token, -1)
    tl.store(tokens + sequence * columns + column, token, mask=column < columns)
    kept = tl.where(tl.load(discarded + sequence) != 0, -1, token) >= 0
    count = tl.sum(kept.to(tl.int32), 0)
    tl.store(counts + sequence, count)
    last = tl.maximum(count - 1, 0)
    tl.store(newest + sequence, tl.sum(tl.where(column == last, token, 0), 0))
    slot = tl.load(slots + sequence).to(tl.int64)
    length = tl.load(lengths + slot)
    inside = kept & (length + column < longest)
    tl.store(history + slot * stride_history + length + column, token, mask=inside)
    count = tl.sum(inside.to(tl.int32), 0)
    tl.store(lengths + slot, length + count)
    place = tl.load(expected + slot) + count * tl.load(follows + slot)
    tl.store(expected + slot, place)


@triton.jit  # type: ignore[untyped-decorator]
def _equal_before(tokens, at, end, answer, length, NONE, ABSENT, DEPTH: tl.constexpr):  # type: ignore[no-untyped-def]
    """How many tokens before each place of a text equal the last tokens of an answer."""
    run = at >= 0
    equal = tl.zeros_like(at)
    for back in range(DEPTH):
        wanted = length - 1 - back
        last = tl.load(answer + wanted, mask=wanted >= 0, other=ABSENT)
        place = at - 1 - back
        token = tl.load(tokens + place, mask=(place >= 0) & (place < end), other=NONE)
        run = run & (token == last)
        equal += run.to(tl.int32)
    return equal


@triton.jit  # type: ignore[untyped-decorator]
def _place_in_text(  # type: ignore[no-untyped-def]
    text,
    answer,
    length,
    awaited,
    TOKENS: tl.constexpr,
    DEPTH: tl.constexpr,
    LEAST: tl.constexpr,
    BLOCK: tl.constexpr,
    NONE: tl.constexpr,
    ABSENT: tl.constexpr,
):
    """As ``matcher.place_in_reference``: the place in the text, and whether it was found."""
    lane = tl.arange(0, BLOCK)
    highest = tl.full((BLOCK,), -(2**30), tl.int32)
    where = lane
    for start in range(0, TOKENS, BLOCK):
        at = start + lane
        equal = _equal_before(text, at, TOKENS, answer, length, NONE, ABSENT, DEPTH)
        distance = tl.where(at < awaited, 2 * (awaited - at), at - awaited)
        score = equal * (2 * TOKENS + 1) - distance
        higher = score > highest
        highest = tl.where(higher, score, highest)
        where = tl.where(higher, at, where)
    place = tl.min(tl.where(highest == tl.max(highest, 0), where, TOKENS), 0)
    run = _equal_before(text, place, TOKENS, answer, length, NONE, ABSENT, DEPTH)
    found = (run >= LEAST) | ((run >= 1) & (place == awaited))
    return tl.where(found, place, awaited), found


@triton.jit  # type: ignore[untyped-decorator]
def _place_in_answer(  # type: ignore[no-untyped-def]
    answer,
    length,
    DEPTH: tl.constexpr,
    LEAST: tl.constexpr,
    BLOCK: tl.constexpr,
    NONE: tl.constexpr,
    ABSENT: tl.constexpr,
):
    """As ``matcher.place_in_answer``: the place in the answer, and whether it was found."""
    lane = tl.arange(0, BLOCK)
    most = -1
    for start in range(0, length, BLOCK):
        at = start + lane
        equal = _equal_before(answer, at, length, answer, length, NONE, ABSENT, DEPTH)
        # The longest run, and of equal ones the last.
        rank = tl.where(at < length, equal * 65536 + at, -1)
        most = tl.maximum(most, tl.max(rank, 0))
    return tl.where(most >= 0, most % 65536, 0), most >= LEAST * 65536


@triton.jit  # type: ignore[untyped-decorator]
def propose_kernel(  # type: ignore[no-untyped-def]
    history,
    reference,
    slots,
    lengths,
    expected,
    follows,
    drafts,
    stride_history,
    stride_reference,
    count,
    TOKENS: tl.constexpr,
    DEPTH: tl.constexpr,
    LEAST: tl.constexpr,
    LEAST_IN_ANSWER: tl.constexpr,
    COUNT: tl.constexpr,
    BLOCK: tl.constexpr,
    NONE: tl.constexpr,
    ABSENT: tl.constexpr,
    FILLER: tl.constexpr,
):
    """One program per sequence: look its last tokens up in its text and in its own answer."""
    sequence = tl.program_id(0)
    slot = tl.load(slots + sequence).to(tl.int64)
    length = tl.load(lengths + slot)
    awaited = tl.load(expected + slot)
    answer, text = history + slot * stride_history, reference + slot * stride_reference
    place, found = _place_in_text(
        text, answer, length, awaited, TOKENS, DEPTH, LEAST, BLOCK, NONE, ABSENT
    )
    earlier, again = _place_in_answer(answer, length, DEPTH, LEAST_IN_ANSWER, BLOCK, NONE, ABSENT)
    column = tl.arange(0, COUNT)
    known = tl.load(text + place + column, mask=place + column < TOKENS, other=NONE)
    head = tl.load(text + place, mask=place < TOKENS, other=NONE)
    repeated = tl.load(answer + earlier + column, mask=earlier + column < length, other=NONE)
    from_answer = again & ~(found & (head >= 0))
    draft = tl.where(from_answer, repeated, known)
    # Nothing counts behind the first missing token.
    missing = tl.min(tl.where(draft < 0, column, COUNT), 0)
    draft = tl.where(column < missing, draft, FILLER)
    tl.store(drafts + sequence * count + column, draft, mask=column < count)
    tl.store(expected + slot, place)
    tl.store(follows + slot, (found | (~from_answer & (head >= 0))).to(tl.int32))
