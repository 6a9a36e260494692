"""What the plugin decides about drafts, without a model."""

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch", reason="drafts are made on tensors")

from workers.engines.deepseek.drafts.request import REFERENCE, packed
from workers.engines.vllm.arguments import PROPOSER
from workers.engines.vllm.plugin import drafts

TEXT = {REFERENCE: packed((5, 6, 7))}


def request(temperature: float = 0.0, extra: dict[str, Any] | None = None) -> Any:
    params = SimpleNamespace(temperature=temperature, extra_args=extra)
    return SimpleNamespace(sampling_params=params, spec_token_ids=[-1] * 8)


def scheduler(requests: dict[str, Any], model: str = PROPOSER) -> Any:
    config = SimpleNamespace(speculative_config=SimpleNamespace(model=model, method="custom_class"))
    return SimpleNamespace(vllm_config=config, requests=requests)


def scheduled(requests: dict[str, Any], model: str = PROPOSER) -> dict[str, bool]:
    """Which of ``requests`` draft in the next step."""
    update = drafts.after_schedule(lambda self, output: None)
    update(scheduler(requests, model), SimpleNamespace(num_scheduled_tokens=dict(requests)))
    return {name: bool(each.spec_token_ids) for name, each in requests.items()}


def test_only_greedy_pages_with_a_text_draft() -> None:
    requests = {"text": request(0, TEXT), "scan": request(0, {}), "random": request(0.3, TEXT)}
    assert scheduled(requests) == {"text": True, "scan": False, "random": False}


def test_a_page_that_accepts_nothing_pauses() -> None:
    page = request(0, TEXT)
    note = drafts.with_output(lambda self, request, new, **more: (new, False))
    for _ in range(100):
        assert note(scheduler({}), page, [1], is_stale=False) == ([1], False)
    assert scheduled({"page": page}) == {"page": False}


def test_other_engines_keep_their_drafts() -> None:
    assert scheduled({"scan": request(0, {})}, model="other.Proposer") == {"scan": True}


class Config(SimpleNamespace):
    """Records the method that vLLM's check sees."""

    def check(self) -> None:
        self.seen = self.speculative_config.method


def test_vllm_keeps_scheduling_asynchronously_only_for_this_proposer() -> None:
    check = drafts.keep_asynchronous(Config.check)
    for model, seen in ((PROPOSER, "ngram_gpu"), ("other.Proposer", "custom_class")):
        spec = SimpleNamespace(model=model, method="custom_class")
        config = Config(speculative_config=spec)
        check(config)
        assert (config.seen, spec.method) == (seen, "custom_class")
