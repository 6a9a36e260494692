"""The no-repeat n-gram rule for vLLM's first model runner, batched on the device."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from vllm.v1.sample.logits_processor import LogitsProcessor
from vllm.v1.sample.logits_processor.builtin import process_dict_updates

from workers.engines.deepseek.no_repeat.banned_tokens import (
    NONE,
    BatchRules,
    ban_repeated_ngrams,
    batch_rules,
    columns_before,
    padded_ids,
    span_of,
    to_device,
)
from workers.engines.deepseek.no_repeat.rule import Rule, rule_of


@dataclass
class _Sequence:
    rule: Rule
    #: The runner's own list. The runner appends to it; the last id is -1 while a token is pending.
    output: list[int]
    slot: int = NONE
    stored: int = 0


@dataclass(frozen=True)
class _Batch:
    """Device tensors that change only when sequences are added, removed or moved."""

    rules: BatchRules
    slots: Any
    #: One per row of the logits; None for a row without a rule.
    sequences: tuple[_Sequence | None, ...]


class NoRepeatNGram(LogitsProcessor):  # type: ignore[misc]
    """Keeps the outputs on the device; each step uploads one token per sequence."""

    def __init__(self, vllm_config: Any, device: Any, is_pin_memory: bool) -> None:
        self._device = device
        self._sequences: dict[int, _Sequence] = {}
        self._batch: _Batch | None = None
        self._longest = vllm_config.model_config.max_model_len
        self._slots = vllm_config.scheduler_config.max_num_seqs
        # An extra slot and column receive the writes of rows without a new token.
        shape = (self._slots + 1, self._longest + 1)
        self._history = torch.full(shape, NONE, dtype=torch.int32, device=device)

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Raise ValueError for an invalid rule."""
        rule_of(sampling_params.extra_args)

    def is_argmax_invariant(self) -> bool:
        """False: greedy sampling must not skip this processor."""
        return False

    def update_state(self, batch_update: Any) -> None:
        """Apply additions, removals and moves of sequences."""
        if process_dict_updates(self._sequences, batch_update, _new_sequence):
            self._batch = None

    def apply(self, logits: Any) -> Any:
        """Ban repeating tokens in ``logits`` (rows x vocabulary), in place."""
        if not self._sequences:
            return logits
        batch = self._batch
        if batch is None or len(batch.sequences) != len(logits):
            batch = self._batch = self._arrange(len(logits))
        if batch is not None:
            self._ban(logits, batch, to_device(self._updates(batch), self._device))
        return logits

    def _ban(self, logits: Any, batch: _Batch, updates: Any) -> None:
        ban = self._ban_with_kernel if logits.is_cuda else self._ban_with_tensors
        ban(logits, batch, updates)

    def _ban_with_kernel(self, logits: Any, batch: _Batch, updates: Any) -> None:
        from workers.engines.deepseek.no_repeat import kernel

        kernel.ban_repeated_ngrams(logits, self._history, batch.slots, updates, batch.rules)

    def _ban_with_tensors(self, logits: Any, batch: _Batch, updates: Any) -> None:
        lengths, columns, tokens = updates
        self._history[batch.slots, columns.long()] = tokens
        ban_repeated_ngrams(logits, self._recent(batch, lengths), lengths, batch.rules)

    def _arrange(self, rows: int) -> _Batch | None:
        span = span_of(sequence.rule for sequence in self._sequences.values())
        if span is None:
            return None
        self._assign_slots()
        sequences = tuple(self._sequences.get(row) for row in range(rows))
        no_rule = Rule(0)
        rules = [sequence.rule if sequence else no_rule for sequence in sequences]
        table = to_device([[r.size for r in rules], [r.window for r in rules]], self._device)
        allowed = to_device([padded_ids(rule) for rule in rules], self._device)
        slots = to_device([s.slot if s else self._slots for s in sequences], self._device).long()
        return _Batch(batch_rules(table, allowed, span), slots, sequences)

    def _assign_slots(self) -> None:
        taken = {sequence.slot for sequence in self._sequences.values()}
        free = (slot for slot in range(self._slots) if slot not in taken)
        for sequence in self._sequences.values():
            if sequence.slot == NONE:
                sequence.slot = next(free)

    def _updates(self, batch: _Batch) -> Any:
        """3 x rows: the length of each output, the column of its newest token, and that token."""
        updates = np.full((3, len(batch.sequences)), NONE, np.int32)
        lengths, columns, tokens = updates
        lengths[:], columns[:] = 0, self._longest
        for row, sequence in enumerate(batch.sequences):
            if sequence is None:
                continue
            token = self._newest(sequence)
            lengths[row] = sequence.stored
            if token != NONE:
                columns[row], tokens[row] = sequence.stored - 1, token
        return updates

    def _newest(self, sequence: _Sequence) -> int:
        """The token that is new since the last step, or NONE; stores several new ones itself."""
        output, stored = sequence.output, sequence.stored
        if len(output) == stored + 1 and output[-1] != NONE:
            sequence.stored = stored + 1
            return output[-1]
        if len(output) != stored:
            self._store_all(sequence)
        return NONE

    def _store_all(self, sequence: _Sequence) -> None:
        output = sequence.output
        tokens = output[: output.index(NONE)] if NONE in output else list(output)
        sequence.stored = len(tokens)
        if tokens:
            self._history[sequence.slot, : len(tokens)] = to_device(tokens, self._device)

    def _recent(self, batch: _Batch, lengths: Any) -> Any:
        columns = columns_before(lengths, batch.rules.span.width)
        return self._history[batch.slots.unsqueeze(1), columns]


def _new_sequence(params: Any, _prompt: object, output: list[int]) -> _Sequence | None:
    rule = rule_of(params.extra_args)
    return None if rule is None else _Sequence(rule, output)
