"""Keeps answers from repeating themselves, with the very rule of the vLLM engine."""

from typing import Any

import torch

from workers.engines.deepseek.fallback.sampling import Rung
from workers.engines.deepseek.no_repeat.banned_tokens import (
    hold_back_repeats,
    padded_ids,
    span_of,
    terms_of,
    to_device,
)
from workers.engines.deepseek.no_repeat.rule import Rule
from workers.engines.deepseek.prompt_ids import CELL_IDS


class HoldBack:
    """A logits processor of transformers for a batch whose prompts are ``prompt`` tokens long."""

    def __init__(self, rung: Rung, prompt: int) -> None:
        self._rule = Rule(rung.ngram, rung.window, CELL_IDS)
        self._span = span_of([self._rule])
        self._prompt = prompt

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """``scores`` without tokens that would repeat a run; changed in place."""
        made = input_ids[:, self._prompt :]
        length = made.shape[1]
        if self._span is None or length == 0:
            return scores
        rows, device = len(made), scores.device
        recent = torch.nn.functional.pad(made, (max(0, self._span.width - length), 0))
        terms = terms_of(
            to_device([[self._rule.size] * rows, [self._rule.window] * rows], device),
            to_device([padded_ids(self._rule)] * rows, device),
            self._span,
        )
        lengths = torch.full((rows,), length, device=device)
        hold_back_repeats(scores, recent[:, -self._span.width :], lengths, terms)
        return scores
