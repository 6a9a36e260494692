"""The vision tower's block in one kernel, beside vLLM's own; needs vLLM and Triton.

The kernel is run by Triton's interpreter, which is slow and knows no bfloat16.
"""

from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("vllm")
pytest.importorskip("triton")

from vllm.config import VllmConfig, set_current_vllm_config  # noqa: E402
from vllm.model_executor.models.deepencoder import Block  # noqa: E402

from workers.engines.vllm.plugin.patching import original_of  # noqa: E402
from workers.engines.vllm.plugin.register import _in_one  # noqa: E402
from workers.engines.vllm.plugin.window_attention import Tiling, block, tiling_for  # noqa: E402

HEADS, WIDTH = 3, 192


def make(window: int, trained: int, spread: float) -> Any:
    with set_current_vllm_config(VllmConfig()):
        module = Block(
            WIDTH, HEADS, use_rel_pos=True, window_size=window, input_size=(trained, trained)
        )
    for weights in module.parameters():
        weights.normal_(0, spread)
    return module


@torch.inference_mode()
@pytest.mark.parametrize(
    ("count", "rows", "columns", "window", "trained"),
    [
        (2, 14, 14, 14, 64),
        (1, 20, 20, 14, 64),
        (1, 16, 30, 14, 64),
        (1, 20, 20, 0, 64),
        (1, 24, 24, 0, 24),
        (1, 40, 40, 0, 64),
        (2, 6, 9, 0, 9),
        (1, 1, 1, 0, 4),
    ],
    ids=[
        "one window",
        "windows beyond the view",
        "windows beyond one side",
        "tables for another size",
        "whole view",
        "a tile",
        "not square",
        "one place",
    ],
)
def test_the_same_numbers_as_upstream(
    count: int, rows: int, columns: int, window: int, trained: int
) -> None:
    torch.manual_seed(rows)
    module = make(window, trained, 0.4)
    x = torch.randn(count, rows, columns, WIDTH)

    wanted = original_of(Block.forward)(module, x)

    torch.testing.assert_close(block(module, x), wanted, rtol=1e-4, atol=1e-3)


@torch.inference_mode()
def test_half_precision_differs_from_upstream_by_its_rounding_only() -> None:
    torch.manual_seed(3)
    exact = make(14, 64, 0.1)
    x = torch.randn(2, 20, 20, WIDTH)
    upstream = original_of(Block.forward)
    wanted = upstream(exact, x)
    module, x = exact.half(), x.half()

    theirs = (upstream(module, x) - wanted).norm()
    ours = (block(module, x) - wanted).norm()

    assert ours < 1.2 * theirs


@pytest.mark.parametrize("breadth", [1, 14, 20, 32, 40, 64, 80, 128])
def test_whole_rows_of_keys_fit_into_a_program(breadth: int) -> None:
    tiling = tiling_for(breadth)

    assert isinstance(tiling, Tiling)
    assert tiling.keys >= breadth and tiling.keys & (tiling.keys - 1) == 0


@pytest.mark.parametrize(
    ("ours", "on_gpu", "tables", "found"),
    [
        (True, True, True, "one kernel"),
        (False, True, True, "upstream"),
        (True, False, True, "upstream"),
        (True, True, False, "upstream"),
    ],
    ids=["ours", "another engine's", "no GPU", "no relative positions"],
)
def test_who_takes_the_kernel(
    ours: bool, on_gpu: bool, tables: bool, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "workers.engines.vllm.plugin.process_guard.ours", {"file"} if ours else set()
    )
    monkeypatch.setattr(
        "workers.engines.vllm.plugin.window_attention.block", lambda module, x: "one kernel"
    )
    module = SimpleNamespace(attn=SimpleNamespace(use_rel_pos=tables))

    forward = _in_one(lambda self, x: "upstream")

    assert forward(module, SimpleNamespace(is_cuda=on_gpu)) == found
