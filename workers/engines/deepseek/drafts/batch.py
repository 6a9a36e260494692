"""The drafts of all pages in flight, on the device: known texts, answers so far, proposals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from workers.engines.deepseek.drafts.matcher import (
    DEPTH,
    place_in_answer,
    place_in_reference,
    tokens_at,
)
from workers.engines.deepseek.drafts.placeholders import ABSENT, FILLER, NONE, REFERENCE_TOKENS
from workers.engines.deepseek.drafts.verify import Layout, accepted_tokens
from workers.engines.deepseek.no_repeat.banned_tokens import (
    Span,
    ban_repeated_ngrams,
    batch_rules,
    columns_before,
    padded_ids,
    to_device,
)
from workers.engines.deepseek.no_repeat.rule import MOST_ALLOWED, Rule

Tensor = Any


@dataclass(frozen=True)
class Page:
    """What is known about a page before its answer."""

    reference: Sequence[int] = ()
    rule: Rule | None = None
    #: Benchmarks only: the answer that the model is taken to give.
    replay: Sequence[int] = ()


class DraftBatch:
    """Tensors with one slot for each page in flight, and one that belongs to none."""

    def __init__(self, slots: int, longest: int, count: int, device: Any) -> None:
        """``longest``: most tokens of an answer. ``count``: drafts of a page and step."""
        self.count = count
        self.spare = slots
        self._longest = longest
        self._device = device

        def table(width: int) -> Tensor:
            return torch.full((slots + 1, width), NONE, dtype=torch.int32, device=device)

        # Drafts are written behind the answer, and writes that belong nowhere into the last column.
        self._history = table(longest + count + 2)
        self._reference = table(REFERENCE_TOKENS)
        self._replay: Tensor | None = None
        self._rules = torch.zeros((slots + 1, 2 + MOST_ALLOWED), dtype=torch.int32, device=device)
        self._lengths = torch.zeros(slots + 1, dtype=torch.long, device=device)
        self._expected = torch.zeros(slots + 1, dtype=torch.long, device=device)
        #: Whether the last drafts came from the reference text: then the place moves on with the
        #: answer. It stays while the answer is somewhere else, as inside the numbers of a box.
        self._follows = torch.zeros(slots + 1, dtype=torch.bool, device=device)

    def open(self, slot: int, page: Page, output: Sequence[int]) -> None:
        """Give ``slot`` to ``page``, of which ``output`` was generated already."""
        reference = page.reference[:REFERENCE_TOKENS]
        self._reference[slot] = NONE
        self._fill(self._reference, slot, reference)
        self._fill(self._history, slot, output)
        rule = page.rule or Rule(0)
        row = (rule.size, rule.window, *padded_ids(rule))
        self._rules[slot] = to_device(row, self._device)
        self._lengths[slot] = len(output)
        self._expected[slot] = 0
        self._follows[slot] = True
        if page.replay:
            self._open_replay(slot, page.replay)

    def _open_replay(self, slot: int, replay: Sequence[int]) -> None:
        if self._replay is None:
            self._replay = torch.full_like(self._history, NONE)
        self._replay[slot] = NONE
        self._fill(self._replay, slot, replay)

    def _fill(self, table: Tensor, slot: int, tokens: Sequence[int]) -> None:
        if len(tokens):
            table[slot, : len(tokens)] = to_device(tokens, self._device)

    def verify(
        self, logits: Tensor, drafted: Tensor, slots: Tensor, layout: Layout, span: Span | None
    ) -> Tensor:
        """The new tokens of each sequence, as ``accepted_tokens`` returns them.

        Repetitions are banned in ``logits``. ``drafted``: rows, the token that each row follows.
        ``slots``: sequences. ``span``: what the rules of the batch need; None if no page has one.
        """
        row_slots = slots[layout.sequence]
        ends = self._lengths[row_slots] + layout.offset
        columns = torch.where(layout.offset > 0, ends - 1, self._history.shape[1] - 1)
        self._history[row_slots, columns] = drafted.int()
        if span is not None:
            self._ban(logits, row_slots, ends, span)
        best = logits.argmax(1).int()
        if self._replay is not None:
            answer = self._replay[row_slots, ends.clamp(max=self._longest)]
            best = torch.where(answer >= 0, answer, best)
        return accepted_tokens(best, drafted, layout)

    def _ban(self, logits: Tensor, slots: Tensor, ends: Tensor, span: Span) -> None:
        table = self._rules[slots]
        rules = batch_rules(table[:, :2].T, table[:, 2:].contiguous(), span)
        lengths = ends.int()
        if logits.is_cuda:
            from workers.engines.deepseek.no_repeat import kernel

            nothing = torch.full_like(lengths, NONE)
            updates = torch.stack((lengths, torch.zeros_like(lengths), nothing))
            kernel.ban_repeated_ngrams(logits, self._history, slots, updates, rules)
            return
        recent = self._history[slots.unsqueeze(1), columns_before(ends, span.width)]
        ban_repeated_ngrams(logits, recent, lengths, rules)

    def append(self, slots: Tensor, tokens: Tensor) -> None:
        """Append ``tokens`` (sequences x any, NONE after the last) to the answers."""
        new = tokens != NONE
        lengths = self._lengths[slots]
        columns = lengths.unsqueeze(1) + torch.arange(tokens.shape[1], device=tokens.device)
        inside = new & (columns < self._longest)
        columns = torch.where(inside, columns, self._history.shape[1] - 1)
        self._history[slots.unsqueeze(1), columns] = tokens.int()
        counts = inside.sum(1)
        self._lengths[slots] = lengths + counts
        self._expected[slots] += counts * self._follows[slots]

    def propose(self, slots: Tensor, window: int) -> Tensor:
        """sequences x count: the drafts of the next step; missing ones are FILLER.

        ``window``: no answer has more tokens.
        """
        lengths = self._lengths[slots]
        last = self._last(slots, lengths)
        reference = self._reference[slots]
        places = place_in_reference(reference, last, self._expected[slots])
        self._expected[slots] = places.index
        known = tokens_at(reference, places.index, self.count)
        answers = self._history[slots, : max(DEPTH, window)]
        earlier = place_in_answer(answers, last, lengths)
        repeated = tokens_at(answers, earlier.index, self.count, lengths)
        # Where nothing matches, the text may still go on as expected after one replaced token.
        from_answer = earlier.found & ~(places.found & (known[:, 0] >= 0))
        drafts = torch.where(from_answer.unsqueeze(1), repeated, known)
        self._follows[slots] = places.found | (~from_answer & (known[:, 0] >= 0))
        return torch.where(drafts >= 0, drafts, FILLER)

    def _last(self, slots: Tensor, lengths: Tensor) -> Tensor:
        columns = lengths.unsqueeze(1) + torch.arange(-DEPTH, 0, device=lengths.device)
        last = self._history[slots.unsqueeze(1), columns.clamp(min=0)]
        return torch.where(columns >= 0, last, ABSENT)
