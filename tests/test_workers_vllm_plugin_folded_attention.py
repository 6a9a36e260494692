"""The vision tower's attention without its tables, beside vLLM's own; needs vLLM."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("vllm")

from vllm.model_executor.models.deepencoder import RelPosAttention  # noqa: E402

from workers.vllm_plugin.folded_attention import folded_attention  # noqa: E402
from workers.vllm_plugin.register import original_of  # noqa: E402

HEADS, WIDTH = 3, 192


@torch.inference_mode()
@pytest.mark.parametrize(
    ("count", "rows", "columns", "trained"),
    [(2, 14, 14, 14), (1, 20, 20, 64), (1, 24, 24, 24), (2, 6, 9, 9), (1, 1, 1, 4)],
    ids=["windows", "tables for another size", "whole view", "not square", "one place"],
)
def test_the_same_numbers_as_with_tables(count: int, rows: int, columns: int, trained: int) -> None:
    torch.manual_seed(rows)
    module = RelPosAttention(WIDTH, HEADS, use_rel_pos=True, input_size=(trained, trained))
    for weights in module.parameters():
        weights.normal_(0, 0.4)
    x = torch.randn(count, rows, columns, WIDTH)

    wanted = original_of(RelPosAttention.forward)(module, x)

    torch.testing.assert_close(folded_attention(module, x), wanted, rtol=1e-4, atol=1e-3)


@torch.inference_mode()
def test_other_models_keep_their_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    module = RelPosAttention(WIDTH, HEADS, use_rel_pos=True, input_size=(4, 4))

    def refuse(*_: object) -> None:
        raise AssertionError("not for a model that is not ours")

    monkeypatch.setattr("workers.vllm_plugin.folded_attention.folded_attention", refuse)

    assert module(torch.randn(1, 4, 4, WIDTH)).shape == (1, 4, 4, WIDTH)
