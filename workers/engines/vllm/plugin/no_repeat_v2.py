"""The no-repeat n-gram rule for vLLM's second model runner, which keeps tokens on the device."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from vllm.v1.worker.gpu.sample.logits_processor import LogitsProcessor

from workers.engines.deepseek.no_repeat.rule import MOST_ALLOWED, Rule, rule_of


class NoRepeatNGram(LogitsProcessor):  # type: ignore[misc]
    """Reads the runner's own token table; a step uploads nothing.

    torch code is imported when an instance is created, because vLLM's front end imports this
    module only to check parameters.
    """

    def __init__(self, vllm_config: Any, req_states: Any) -> None:
        if vllm_config.speculative_config is not None:
            raise ValueError("the no-repeat rule can't be used with speculative decoding")
        from workers.engines.deepseek.no_repeat import banned_tokens

        self._rule_tensors = banned_tokens
        self._states = req_states
        self._rules: list[Rule | None] = [None] * req_states.max_num_reqs
        self._active = np.zeros(req_states.max_num_reqs, bool)
        self._tables = np.zeros((2 + MOST_ALLOWED, req_states.max_num_reqs), np.int32)
        self._on_device = banned_tokens.to_device(self._tables, req_states.device)
        self._changed = False

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Raise ValueError for an invalid rule."""
        rule_of(sampling_params.extra_args)

    def add_request(self, req_idx: int, sampling_params: Any) -> bool:
        """Set the rule of the request in slot ``req_idx``; replaces an earlier request's rule."""
        rule = rule_of(sampling_params.extra_args)
        self._rules[req_idx] = rule
        self._active[req_idx] = rule is not None and rule.lags > 0
        if rule is not None:
            column = (rule.size, rule.window, *self._rule_tensors.padded_ids(rule))
            self._tables[:, req_idx] = column
        else:
            self._tables[:, req_idx] = 0
        self._changed = True
        return bool(self._active[req_idx])

    def apply_staged_writes(self) -> None:
        """Upload changed rules before the forward pass."""
        if self._changed:
            self._on_device = self._rule_tensors.to_device(self._tables, self._states.device)
            self._changed = False

    def apply(self, logits: Any, ctx: Any) -> Any:
        """Ban repeating tokens in ``logits`` (rows x vocabulary), in place."""
        slots_on_host = ctx.idx_mapping_np
        span = self._rule_tensors.span_of(
            self._rules_at(slots_on_host[self._active[slots_on_host]])
        )
        if span is None:
            return logits
        slots = ctx.expanded_idx_mapping.long()
        ends = ctx.pos + 1
        table = self._on_device[:, slots]
        self._rule_tensors.ban_repeated_ngrams(
            logits,
            self._recent(slots, ends, span.width),
            (ends - self._states.prompt_len.gpu[slots]).int(),
            self._rule_tensors.batch_rules(table[:2], table[2:].T, span),
        )
        return logits

    def _rules_at(self, slots: Iterable[int]) -> Iterable[Rule]:
        # There are few distinct rules, so the set is small.
        return {rule for slot in slots if (rule := self._rules[slot]) is not None}

    def _recent(self, slots: Any, ends: Any, width: int) -> Any:
        columns = self._rule_tensors.columns_before(ends, width)
        return self._states.all_token_ids.gpu[slots.unsqueeze(1), columns]
