"""Verification and proposal of drafts in tensor operations, for devices without Triton.

Greedy verification gives an answer exactly the tokens that it gets without drafts. The model
computes logits at every drafted position in one step. A drafted token is accepted while it is the
most probable one at its position; the first other one is replaced by the most probable.
"""

from typing import Any

import torch

from workers.engines.deepseek.drafts.layout import Layout, Verified
from workers.engines.deepseek.drafts.matcher import (
    DEPTH,
    place_in_answer,
    place_in_reference,
    tokens_at,
)
from workers.engines.deepseek.drafts.placeholders import ABSENT, FILLER, NONE
from workers.engines.deepseek.drafts.tables import Tables
from workers.engines.deepseek.no_repeat.banned_tokens import (
    Span,
    ban_repeated_ngrams,
    batch_rules,
    columns_before,
)

Tensor = Any


def best_tokens(
    tables: Tables,
    logits: Tensor,
    drafted: Tensor,
    slots: Tensor,
    layout: Layout,
    span: Span | None,
) -> Tensor:
    """As ``DraftBatch.best_tokens``."""
    rows = slots[layout.sequence.long()]
    offset = layout.offset.long()
    ends = tables.lengths[rows].long() + offset
    # Drafts are written behind the answer, and the other tokens into the last column.
    columns = torch.where(offset > 0, ends - 1, tables.history.shape[1] - 1)
    tables.history[rows, columns] = drafted.int()
    if span is not None:
        rule = tables.rules[rows]
        rules = batch_rules(rule[:, :2].T, rule[:, 2:].contiguous(), span)
        recent = tables.history[rows.unsqueeze(1), columns_before(ends, span.width)]
        ban_repeated_ngrams(logits, recent, ends.int(), rules)
    best = logits.argmax(1).int()
    if tables.replay is None:
        return best
    answer = tables.replay[rows, ends.clamp(max=tables.longest)]
    return torch.where(answer >= 0, answer, best)


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
    tokens = _accepted(best, drafted, layout)
    alone = torch.full_like(tokens, NONE)
    alone[:, 0] = forced
    tokens = torch.where((forced >= 0).unsqueeze(1), alone, tokens)
    kept = torch.where(discarded.bool().unsqueeze(1), NONE, tokens)
    counts = (kept != NONE).sum(1).int()
    last = (counts - 1).clamp(min=0).long()
    _append(tables, slots, kept)
    return Verified(tokens, counts, tokens.gather(1, last.unsqueeze(1)).squeeze(1))


def _accepted(best: Tensor, drafted: Tensor, layout: Layout) -> Tensor:
    """sequences x (most + 1): the accepted tokens of each sequence and one more, then NONE."""
    columns = torch.arange(layout.most + 1, device=best.device)
    first = layout.first.long().unsqueeze(1)
    inside = columns <= layout.drafts.unsqueeze(1)
    rows = torch.where(inside, first + columns, first)
    tokens = best[rows]
    # Token n+1 counts only if the draft of position n+1 is token n.
    right = (drafted[rows][:, 1:] == tokens[:, :-1]) & inside[:, 1:]
    kept = torch.nn.functional.pad(right.int().cumprod(1), (1, 0), value=1).bool()
    return torch.where(kept, tokens, NONE)


def _append(tables: Tables, slots: Tensor, tokens: Tensor) -> None:
    """Append ``tokens`` (sequences x any, NONE after the last) to the answers."""
    lengths = tables.lengths[slots]
    columns = lengths.unsqueeze(1) + torch.arange(tokens.shape[1], device=tokens.device)
    inside = (tokens != NONE) & (columns < tables.longest)
    columns = torch.where(inside, columns, tables.history.shape[1] - 1)
    tables.history[slots.unsqueeze(1), columns.long()] = tokens.int()
    counts = inside.sum(1).int()
    tables.lengths[slots] = lengths + counts
    tables.expected[slots] += counts * tables.follows[slots]


def propose(tables: Tables, slots: Tensor, window: int, count: int) -> Tensor:
    """As ``DraftBatch.propose``."""
    lengths = tables.lengths[slots].long()
    last = _last(tables, slots, lengths)
    reference = tables.reference[slots]
    places = place_in_reference(reference, last, tables.expected[slots].long())
    tables.expected[slots] = places.index.int()
    known = tokens_at(reference, places.index, count)
    answers = tables.history[slots, : max(DEPTH, window)]
    earlier = place_in_answer(answers, last, lengths)
    repeated = tokens_at(answers, earlier.index, count, lengths)
    # Where nothing matches, the text may still go on as expected after one replaced token.
    from_answer = earlier.found & ~(places.found & (known[:, 0] >= 0))
    drafts = torch.where(from_answer.unsqueeze(1), repeated, known)
    follows = places.found | (~from_answer & (known[:, 0] >= 0))
    tables.follows[slots] = follows.int()
    return torch.where(drafts >= 0, drafts, FILLER)


def _last(tables: Tables, slots: Tensor, lengths: Tensor) -> Tensor:
    columns = lengths.unsqueeze(1) + torch.arange(-DEPTH, 0, device=lengths.device)
    last = tables.history[slots.unsqueeze(1), columns.clamp(min=0)]
    return torch.where(columns >= 0, last, ABSENT)
