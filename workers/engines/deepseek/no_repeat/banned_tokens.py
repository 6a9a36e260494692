"""Which next tokens would repeat an n-gram: for all sequences at once, on their device.

A token is held back when the last ``size - 1`` tokens equal those before an earlier token of
the window: then that earlier token would complete the n-gram a second time. Every step is one
tensor operation over all rows, few of them, as each costs the engine's process time to launch;
nothing is copied to the host.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch

from workers.engines.deepseek.no_repeat.rule import MOST_ALLOWED, Rule

#: No token has this id.
NONE = -1

Tensor = Any


@dataclass(frozen=True)
class Span:
    """How far back any row looks, in tokens."""

    #: Longest distance of a repetition.
    lags: int
    #: Longest run of tokens compared, one less than the n-gram.
    depth: int

    @property
    def width(self) -> int:
        """Tokens of history that are needed."""
        return self.lags + self.depth


def span_of(rules: Iterable[Rule]) -> Span | None:
    """The smallest span that serves all ``rules``; None where none forbids anything."""
    forbidding = [rule for rule in rules if rule.lags]
    if not forbidding:
        return None
    return Span(max(rule.lags for rule in forbidding), max(rule.size for rule in forbidding) - 1)


@cache
def padded_ids(rule: Rule) -> tuple[int, ...]:
    """The allowed ids of ``rule``, filled up to the width of the tables."""
    return (*rule.allowed, *[NONE] * (MOST_ALLOWED - len(rule.allowed)))


@dataclass(frozen=True)
class Terms:
    """The rules of a batch's rows, made ready once for many steps; tensors on the device."""

    span: Span
    #: Rows: a repetition needs so many tokens before its last one.
    lead: Tensor
    #: Rows: the farthest distance of a repetition; 0 where there is no rule.
    farthest: Tensor
    #: Rows x 1 x span.depth: places of a run before the n-gram's first token.
    beyond: Tensor
    #: Rows x 1 x ids, filled up with NONE.
    allowed: Tensor
    #: 1 x span.lags, farthest first.
    lags: Tensor


def terms_of(rules: Tensor, allowed: Tensor, span: Span) -> Terms:
    """``rules``: 2 x rows, sizes and windows (size 0: no rule). ``allowed``: rows x ids."""
    sizes, windows = rules
    places = torch.arange(span.depth, device=rules.device)
    return Terms(
        span=span,
        lead=sizes - 1,
        farthest=torch.where(sizes > 1, windows - sizes + 1, 0),
        beyond=(places < (span.depth + 1 - sizes).unsqueeze(1)).unsqueeze(1),
        allowed=allowed.unsqueeze(1),
        lags=torch.arange(span.lags, 0, -1, device=rules.device).unsqueeze(0),
    )


def hold_back_repeats(logits: Tensor, recent: Tensor, lengths: Tensor, terms: Terms) -> None:
    """Set to minus infinity, in place, every token that would repeat an n-gram.

    ``logits``: rows x vocabulary. ``recent``: rows x span.width, the last output tokens, newest
    last, anything before the output's beginning. ``lengths``: rows, output tokens so far.
    """
    followers = recent[:, terms.span.depth :]
    free = (followers.unsqueeze(2) != terms.allowed).all(2)
    repeats = _repeats(recent, lengths, terms).logical_and_(free)
    held = torch.where(repeats, -torch.inf, torch.inf).to(logits.dtype)
    # The minimum with infinity changes nothing, so no list of positions has to be made.
    logits.scatter_reduce_(1, followers.long().clamp_(min=0), held, "amin")


def _repeats(recent: Tensor, lengths: Tensor, terms: Terms) -> Tensor:
    """Rows x lags, farthest first: do the tokens up to that distance equal the last ones?"""
    runs = recent.unfold(1, terms.span.depth, 1)
    equal = (runs[:, :-1] == runs[:, -1:]).logical_or_(terms.beyond).all(2)
    reach = torch.minimum(lengths - terms.lead, terms.farthest)
    return equal.logical_and_(terms.lags <= reach.unsqueeze(1))


def to_device(values: Any, device: Any) -> Tensor:
    """A numpy array or list as an int32 tensor on ``device``, without waiting for the copy.

    Fresh pinned memory each time: the allocator keeps it until the copy is done.
    """
    host = torch.from_numpy(np.asarray(values, dtype=np.int32))
    if torch.device(device).type == "cuda":
        host = host.pin_memory()
    return host.to(device, non_blocking=True)


def columns_before(ends: Tensor, width: int) -> Tensor:
    """Rows x width: the columns of a token table right before ``ends``, at least 0."""
    back = torch.arange(-width, 0, device=ends.device)
    return (ends.unsqueeze(1) + back).clamp_(min=0)
