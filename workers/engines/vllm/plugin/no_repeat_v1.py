"""The no-repeat rule for vLLM's first model runner, all sequences at once on the device."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from vllm.v1.sample.logits_processor import LogitsProcessor
from vllm.v1.sample.logits_processor.builtin import process_dict_updates

from workers.engines.deepseek.no_repeat.banned_tokens import (
    NONE,
    Terms,
    columns_before,
    hold_back_repeats,
    padded_ids,
    span_of,
    terms_of,
    to_device,
)
from workers.engines.deepseek.no_repeat.rule import Rule, rule_of


@dataclass
class _Sequence:
    rule: Rule
    #: The runner's own list: it grows by itself, and ends in -1 while a token is on its way.
    output: list[int]
    slot: int = NONE
    stored: int = 0


@dataclass(frozen=True)
class _Batch:
    """What changes only when sequences come, go or move; tensors on the device."""

    terms: Terms
    slots: Any
    #: By row of the logits; None where the row has no rule.
    sequences: tuple[_Sequence | None, ...]


class NoRepeatNGram(LogitsProcessor):  # type: ignore[misc]
    """Keeps each sequence's output on the device; a step uploads one token a sequence."""

    def __init__(self, vllm_config: Any, device: Any, is_pin_memory: bool) -> None:
        self._device = device
        self._sequences: dict[int, _Sequence] = {}
        self._batch: _Batch | None = None
        self._longest = vllm_config.model_config.max_model_len
        self._slots = vllm_config.scheduler_config.max_num_seqs
        # One slot and one column more than needed take the writes of rows without news.
        shape = (self._slots + 1, self._longest + 1)
        self._history = torch.full(shape, NONE, dtype=torch.int32, device=device)

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Raise ValueError for a rule that can't be applied."""
        rule_of(sampling_params.extra_args)

    def is_argmax_invariant(self) -> bool:
        """False: greedy sampling must not skip this processor."""
        return False

    def update_state(self, batch_update: Any) -> None:
        """Take up sequences that came, went or moved."""
        if process_dict_updates(self._sequences, batch_update, _new_sequence):
            self._batch = None

    def apply(self, logits: Any) -> Any:
        """Hold back repetitions in ``logits`` (rows x vocabulary), in place."""
        if not self._sequences:
            return logits
        batch = self._batch
        if batch is None or len(batch.sequences) != len(logits):
            batch = self._batch = self._arrange(len(logits))
        if batch is not None:
            self._hold_back(logits, batch, to_device(self._news(batch), self._device))
        return logits

    def _hold_back(self, logits: Any, batch: _Batch, news: Any) -> None:
        way = self._in_one_kernel if logits.is_cuda else self._in_steps
        way(logits, batch, news)

    def _in_one_kernel(self, logits: Any, batch: _Batch, news: Any) -> None:
        from workers.engines.deepseek.no_repeat import kernel

        kernel.hold_back_repeats(logits, self._history, batch.slots, news, batch.terms)

    def _in_steps(self, logits: Any, batch: _Batch, news: Any) -> None:
        lengths, columns, tokens = news
        self._history[batch.slots, columns.long()] = tokens
        hold_back_repeats(logits, self._recent(batch, lengths), lengths, batch.terms)

    def _arrange(self, rows: int) -> _Batch | None:
        span = span_of(sequence.rule for sequence in self._sequences.values())
        if span is None:
            return None
        self._give_slots()
        found = tuple(self._sequences.get(row) for row in range(rows))
        none = Rule(0)
        rules = [sequence.rule if sequence else none for sequence in found]
        table = to_device([[r.size for r in rules], [r.window for r in rules]], self._device)
        allowed = to_device([padded_ids(rule) for rule in rules], self._device)
        slots = to_device([s.slot if s else self._slots for s in found], self._device).long()
        return _Batch(terms_of(table, allowed, span), slots, found)

    def _give_slots(self) -> None:
        taken = {sequence.slot for sequence in self._sequences.values()}
        free = (slot for slot in range(self._slots) if slot not in taken)
        for sequence in self._sequences.values():
            if sequence.slot == NONE:
                sequence.slot = next(free)

    def _news(self, batch: _Batch) -> Any:
        """3 x rows: the length of each output, the column of its newest token, and that token."""
        news = np.full((3, len(batch.sequences)), NONE, np.int32)
        lengths, columns, tokens = news
        lengths[:], columns[:] = 0, self._longest
        for row, sequence in enumerate(batch.sequences):
            if sequence is None:
                continue
            token = self._newest(sequence)
            lengths[row] = sequence.stored
            if token != NONE:
                columns[row], tokens[row] = sequence.stored - 1, token
        return news

    def _newest(self, sequence: _Sequence) -> int:
        """The one token that came since the last step; several are stored at once."""
        output, stored = sequence.output, sequence.stored
        if len(output) == stored + 1 and output[-1] != NONE:
            sequence.stored = stored + 1
            return output[-1]
        if len(output) != stored:
            self._store_all(sequence)
        return NONE

    def _store_all(self, sequence: _Sequence) -> None:
        output = sequence.output
        known = output[: output.index(NONE)] if NONE in output else list(output)
        sequence.stored = len(known)
        if known:
            self._history[sequence.slot, : len(known)] = to_device(known, self._device)

    def _recent(self, batch: _Batch, lengths: Any) -> Any:
        columns = columns_before(lengths, batch.terms.span.width)
        return self._history[batch.slots.unsqueeze(1), columns]


def _new_sequence(params: Any, _prompt: object, output: list[int]) -> _Sequence | None:
    rule = rule_of(params.extra_args)
    return None if rule is None else _Sequence(rule, output)
