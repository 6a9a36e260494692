"""The no-repeat n-gram rule as a logits processor of transformers."""

from typing import Any

import torch

from workers.engines.deepseek.fallback.sampling import SamplingSettings
from workers.engines.deepseek.no_repeat.banned_tokens import (
    ban_repeated_ngrams,
    batch_rules,
    padded_ids,
    span_of,
    to_device,
)
from workers.engines.deepseek.no_repeat.rule import Rule
from workers.engines.deepseek.prompt.token_ids import CELL_IDS


class NoRepeatNGramLogitsProcessor:
    """For a batch whose padded prompts are ``prompt`` tokens long; same rule as the vLLM engine."""

    def __init__(self, sampling: SamplingSettings, prompt: int) -> None:
        self._rule = Rule(sampling.ngram, sampling.window, CELL_IDS)
        self._span = span_of([self._rule])
        self._prompt = prompt

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Ban repeating tokens in ``scores`` (rows x vocabulary), in place."""
        output = input_ids[:, self._prompt :]
        length = output.shape[1]
        if self._span is None or length == 0:
            return scores
        rows, device = len(output), scores.device
        recent = torch.nn.functional.pad(output, (max(0, self._span.width - length), 0))
        rules = batch_rules(
            to_device([[self._rule.size] * rows, [self._rule.window] * rows], device),
            to_device([padded_ids(self._rule)] * rows, device),
            self._span,
        )
        lengths = torch.full((rows,), length, device=device)
        ban_repeated_ngrams(scores, recent[:, -self._span.width :], lengths, rules)
        return scores
