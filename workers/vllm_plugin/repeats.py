"""Which next tokens would repeat an n-gram: for all sequences at once, on their device.

A token is held back when the last ``size - 1`` tokens equal those before an earlier token of
the window: then that earlier token would complete the n-gram a second time. Every step is one
tensor operation over all rows; nothing is copied to the host.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from workers.vllm_plugin.rules import MOST_ALLOWED, Rule

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


def padded_ids(rule: Rule) -> tuple[int, ...]:
    """The allowed ids of ``rule``, filled up to the width of the tables."""
    return (*rule.allowed, *[NONE] * (MOST_ALLOWED - len(rule.allowed)))


def hold_back_repeats(
    logits: Tensor, recent: Tensor, lengths: Tensor, rules: Tensor, allowed: Tensor, span: Span
) -> None:
    """Set to minus infinity, in place, every token that would repeat an n-gram.

    ``logits``: rows x vocabulary. ``recent``: rows x span.width, the last output tokens, newest
    last, anything before the output's beginning. ``lengths``: rows, output tokens so far.
    ``rules``: 2 x rows, sizes and windows (size 0: no rule). ``allowed``: rows x ids, NONE-filled.
    """
    sizes, windows = rules
    reach = torch.minimum(lengths, windows) - sizes + 1
    reach = torch.where(sizes > 1, reach, torch.zeros_like(reach))
    repeats = _repeats(recent, sizes, reach, span)
    followers = recent[:, span.depth :]
    repeats &= ~(followers.unsqueeze(2) == allowed.unsqueeze(1)).any(2)
    held = torch.where(repeats, -torch.inf, torch.inf).to(logits.dtype)
    # The minimum with infinity changes nothing, so no list of positions has to be made.
    logits.scatter_reduce_(1, followers.long().clamp_(min=0), held, "amin")


def _repeats(recent: Tensor, sizes: Tensor, reach: Tensor, span: Span) -> Tensor:
    """Rows x lags, farthest first: do the tokens up to that distance equal the last ones?"""
    runs = recent.unfold(1, span.depth, 1)
    equal = runs[:, :-1] == runs[:, -1:]
    places = torch.arange(span.depth, device=recent.device)
    beyond = places < (span.depth + 1 - sizes).unsqueeze(1)
    lags = torch.arange(span.lags, 0, -1, device=recent.device)
    return (equal | beyond.unsqueeze(1)).all(2) & (lags <= reach.unsqueeze(1))


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
