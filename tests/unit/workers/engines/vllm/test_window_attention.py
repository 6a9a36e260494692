"""SAM's block with the attention kernel gives the results of vLLM's block; needs vLLM and Triton.

Triton's interpreter runs the kernel; it is slow and does not support bfloat16.
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
from workers.engines.vllm.plugin.register import register  # noqa: E402
from workers.engines.vllm.plugin.vision_patches import sam_block  # noqa: E402
from workers.engines.vllm.plugin.window_attention import Tiling, block, tiling_for  # noqa: E402

register()
HEADS, CHANNELS = 3, 192


def make(window: int, trained: int, spread: float) -> Any:
    with set_current_vllm_config(VllmConfig()):
        module = Block(
            CHANNELS, HEADS, use_rel_pos=True, window_size=window, input_size=(trained, trained)
        )
    for weights in module.parameters():
        weights.normal_(0, spread)
    return module


@torch.inference_mode()  # type: ignore[untyped-decorator]
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
        "one position",
    ],
)
def test_the_same_numbers_as_upstream(
    count: int, rows: int, columns: int, window: int, trained: int
) -> None:
    torch.manual_seed(rows)
    module = make(window, trained, 0.4)
    x = torch.randn(count, rows, columns, CHANNELS)

    expected = original_of(Block.forward)(module, x)

    torch.testing.assert_close(block(module, x), expected, rtol=1e-4, atol=1e-3)


@torch.inference_mode()  # type: ignore[untyped-decorator]
def test_half_precision_differs_from_upstream_by_rounding_only() -> None:
    torch.manual_seed(3)
    exact = make(14, 64, 0.1)
    x = torch.randn(2, 20, 20, CHANNELS)
    upstream = original_of(Block.forward)
    expected = upstream(exact, x)
    module, x = exact.half(), x.half()

    upstream_error = (upstream(module, x) - expected).norm()
    kernel_error = (block(module, x) - expected).norm()

    assert kernel_error < 1.2 * upstream_error


@pytest.mark.parametrize("width", [1, 14, 20, 32, 40, 64, 80, 128])
def test_whole_rows_of_keys_fit_into_a_program(width: int) -> None:
    tiling = tiling_for(width)

    assert isinstance(tiling, Tiling)
    assert tiling.block_n >= width
    assert tiling.block_n & (tiling.block_n - 1) == 0


@pytest.mark.parametrize(
    ("pagefleet", "on_gpu", "rel_pos", "expected"),
    [
        (True, True, True, "kernel"),
        (False, True, True, "upstream"),
        (True, False, True, "upstream"),
        (True, True, False, "upstream"),
    ],
    ids=["pagefleet's engine", "another engine", "no GPU", "no relative positions"],
)
def test_the_kernel_is_used_only_on_a_gpu_of_a_pagefleet_engine(
    pagefleet: bool, on_gpu: bool, rel_pos: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "workers.engines.vllm.plugin.process_guard.owned_reports", {"file"} if pagefleet else set()
    )
    monkeypatch.setattr(
        "workers.engines.vllm.plugin.window_attention.block", lambda module, x: "kernel"
    )
    module = SimpleNamespace(attn=SimpleNamespace(use_rel_pos=rel_pos))

    forward = sam_block(lambda self, x: "upstream")

    assert forward(module, SimpleNamespace(is_cuda=on_gpu)) == expected
