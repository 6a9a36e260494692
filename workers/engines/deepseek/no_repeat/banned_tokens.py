"""Bans next tokens that would repeat an n-gram, for all sequences of a batch on their device.

A token is banned if the last ``size - 1`` tokens equal those before an earlier occurrence of that
token within the window: it would complete the n-gram a second time. Each step is one tensor
operation over all rows, with as few operations as possible, because each launch costs host time.
Nothing is copied to the host.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch

from workers.engines.deepseek.no_repeat.rule import MOST_ALLOWED, Rule

#: An id that no token has; used as padding.
NONE = -1

Tensor = Any


@dataclass(frozen=True)
class Span:
    """How many tokens of history a batch needs."""

    #: Largest distance of a repetition, in tokens.
    lags: int
    #: Longest prefix that is compared: the n-gram size minus one.
    depth: int

    @property
    def width(self) -> int:
        """Tokens of history."""
        return self.lags + self.depth


def span_of(rules: Iterable[Rule]) -> Span | None:
    """The smallest span that covers all ``rules``; None if no rule bans anything."""
    active = [rule for rule in rules if rule.lags]
    if not active:
        return None
    return Span(max(rule.lags for rule in active), max(rule.size for rule in active) - 1)


@cache
def padded_ids(rule: Rule) -> tuple[int, ...]:
    """The allowed ids of ``rule``, padded to MOST_ALLOWED."""
    return (*rule.allowed, *[NONE] * (MOST_ALLOWED - len(rule.allowed)))


@dataclass(frozen=True)
class BatchRules:
    """The rules of a batch as device tensors, computed once and used for many steps."""

    span: Span
    #: rows: length of the prefix that must repeat, the n-gram size minus one.
    prefix: Tensor
    #: rows: largest distance of a repetition; 0 for a row without a rule.
    max_lag: Tensor
    #: rows x 1 x span.depth: positions that are not part of the row's shorter prefix.
    ignored: Tensor
    #: rows x 1 x ids, padded with NONE.
    allowed: Tensor
    #: 1 x span.lags, largest first.
    lags: Tensor


def batch_rules(table: Tensor, allowed: Tensor, span: Span) -> BatchRules:
    """``table``: 2 x rows, sizes and windows (size 0: no rule). ``allowed``: rows x ids."""
    sizes, windows = table
    positions = torch.arange(span.depth, device=table.device)
    return BatchRules(
        span=span,
        prefix=sizes - 1,
        max_lag=torch.where(sizes > 1, windows - sizes + 1, 0),
        ignored=(positions < (span.depth + 1 - sizes).unsqueeze(1)).unsqueeze(1),
        allowed=allowed.unsqueeze(1),
        lags=torch.arange(span.lags, 0, -1, device=table.device).unsqueeze(0),
    )


def ban_repeated_ngrams(logits: Tensor, recent: Tensor, lengths: Tensor, rules: BatchRules) -> None:
    """Set the logit of every token that would repeat an n-gram to minus infinity, in place.

    ``logits``: rows x vocabulary. ``recent``: rows x span.width, the last output tokens, newest
    last; values before the start of an output are ignored. ``lengths``: rows, output tokens so far.
    """
    followers = recent[:, rules.span.depth :]
    not_allowed = (followers.unsqueeze(2) != rules.allowed).all(2)
    repeats = _repeats(recent, lengths, rules).logical_and_(not_allowed)
    ban = torch.where(repeats, -torch.inf, torch.inf).to(logits.dtype)
    # A minimum with infinity changes nothing, so no index list is needed.
    logits.scatter_reduce_(1, followers.long().clamp_(min=0), ban, "amin")


def _repeats(recent: Tensor, lengths: Tensor, rules: BatchRules) -> Tensor:
    """rows x lags, largest first: whether the prefix at that distance equals the last tokens."""
    runs = recent.unfold(1, rules.span.depth, 1)
    equal = (runs[:, :-1] == runs[:, -1:]).logical_or_(rules.ignored).all(2)
    reach = torch.minimum(lengths - rules.prefix, rules.max_lag)
    return equal.logical_and_(rules.lags <= reach.unsqueeze(1))


def to_device(values: Any, device: Any) -> Tensor:
    """A numpy array or list as an int32 tensor on ``device``; the copy is asynchronous.

    Each call uses fresh pinned memory, which the allocator keeps until the copy is done.
    """
    host = torch.from_numpy(np.asarray(values, dtype=np.int32))
    if torch.device(device).type == "cuda":
        host = host.pin_memory()
    return host.to(device, non_blocking=True)


def columns_before(ends: Tensor, width: int) -> Tensor:
    """rows x width: the columns of a token table directly before ``ends``, clamped to 0."""
    back = torch.arange(-width, 0, device=ends.device)
    return (ends.unsqueeze(1) + back).clamp_(min=0)
