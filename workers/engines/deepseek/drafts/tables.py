"""The tables of drafts on the device: known texts and answers so far, one row for each page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from workers.engines.deepseek.drafts.placeholders import NONE, REFERENCE_TOKENS
from workers.engines.deepseek.no_repeat.banned_tokens import padded_ids, to_device
from workers.engines.deepseek.no_repeat.rule import MOST_ALLOWED, Rule

Tensor = Any


@dataclass(frozen=True)
class Page:
    """What is known about a page before its answer."""

    reference: Sequence[int] = ()
    rule: Rule | None = None
    #: Benchmarks only: the answer that the model is taken to give.
    replay: Sequence[int] = ()


class Tables:
    """One row, called slot, for each page in flight; all tokens are 32-bit integers."""

    def __init__(self, slots: int, longest: int, count: int, device: Any) -> None:
        """``longest``: most tokens of an answer. ``count``: drafts of a page and step."""
        self.device = device
        self.longest = longest
        self.history = _table(slots, longest + count + 2, device)
        self.reference = _table(slots, REFERENCE_TOKENS, device)
        #: Answers to replay; None until a page has one.
        self.replay: Tensor | None = None
        #: The size and window of each page's rule, and its allowed tokens.
        self.rules = torch.zeros((slots, 2 + MOST_ALLOWED), dtype=torch.int32, device=device)
        self.lengths = torch.zeros(slots, dtype=torch.int32, device=device)
        #: The place in the reference text that follows if the answer goes on as drafted.
        self.expected = torch.zeros(slots, dtype=torch.int32, device=device)
        #: 1 if the last drafts came from the reference text: then the place moves on with the
        #: answer. It stays while the answer is somewhere else, as inside the numbers of a box.
        self.follows = torch.zeros(slots, dtype=torch.int32, device=device)

    def open(
        self, slots: Sequence[int], pages: Sequence[Page], outputs: Sequence[Sequence[int]]
    ) -> None:
        """Give ``slots`` to ``pages``, of which ``outputs`` were generated already.

        All pages together, because each copy to the device costs host time. An assignment of a
        number would copy it from memory that is not pinned, which waits for the device.
        """
        rows = to_device(slots, self.device).long()
        references = [page.reference[:REFERENCE_TOKENS] for page in pages]
        self.reference[rows] = _rows(references, REFERENCE_TOKENS, self.device)
        self.rules[rows] = to_device([_rule(page.rule or Rule(0)) for page in pages], self.device)
        self.lengths[rows] = to_device([len(output) for output in outputs], self.device)
        self.expected.index_fill_(0, rows, 0)
        self.follows.index_fill_(0, rows, 1)
        if any(map(len, outputs)):
            self.history[rows] = _rows(outputs, self.history.shape[1], self.device)
        if any(len(page.replay) for page in pages):
            self._open_replay(rows, [page.replay for page in pages])

    def _open_replay(self, rows: Tensor, replays: Sequence[Sequence[int]]) -> None:
        if self.replay is None:
            self.replay = torch.full_like(self.history, NONE)
        self.replay[rows] = _rows(replays, self.history.shape[1], self.device)


def _table(slots: int, width: int, device: Any) -> Tensor:
    return torch.full((slots, width), NONE, dtype=torch.int32, device=device)


def _rule(rule: Rule) -> tuple[int, ...]:
    return (rule.size, rule.window, *padded_ids(rule))


def _rows(lists: Sequence[Sequence[int]], width: int, device: Any) -> Tensor:
    """A table of ``lists``, filled up with NONE."""
    rows = np.full((len(lists), width), NONE, dtype=np.int32)
    for row, tokens in zip(rows, lists, strict=True):
        row[: len(tokens)] = tokens
    return to_device(rows, device)
