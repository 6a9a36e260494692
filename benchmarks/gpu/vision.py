"""Compares the SAM blocks of vLLM with those of the attention kernel on one GPU.

    python -m benchmarks.gpu.vision

Random weights, pages of six tiles. Prints the error of both against float32, milliseconds per page
and peak memory.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.gpu.needs import missing

TILES = 6
REPEATS = 5
WIDTH, HEADS, TRAINED = 768, 12, 64
#: (views, positions per side, window side; 0: the whole view).
GEOMETRIES = ((2, 64, 14), (2, 64, 0), (3, 40, 14), (3, 40, 0), (3, 32, 14), (2, 20, 0), (2, 80, 0))


def main() -> int:
    """Print errors and times; the exit status is 2 without a GPU."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu.vision",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pages", type=int, default=8, help="pages per batch")
    pages = parser.parse_args().pages
    problem = missing("torch", "vllm")
    if problem:
        print(problem, file=sys.stderr)
        return 2
    import torch
    from vllm.config import VllmConfig, set_current_vllm_config

    torch.manual_seed(0)
    with set_current_vllm_config(VllmConfig()), torch.device("cuda"), torch.inference_mode():
        for geometry in GEOMETRIES:
            print(_errors(*geometry), flush=True)
        for line in _times(pages):
            print(line, flush=True)
    return 0


@contextmanager
def _with_kernel() -> Iterator[None]:
    """Make this process count as part of a pagefleet engine."""
    from workers.engines.vllm.plugin import register
    from workers.engines.vllm.plugin.process_guard import owned_reports

    register.register()
    mark = Path("benchmark")
    owned_reports.add(mark)
    try:
        yield
    finally:
        owned_reports.discard(mark)


def _errors(views: int, side: int, window: int) -> str:
    import torch
    from vllm.model_executor.models.deepencoder import Block

    own = window or TRAINED
    block = Block(WIDTH, HEADS, use_rel_pos=True, window_size=window, input_size=(own, own))
    for weights in block.parameters():
        weights.normal_(0, 0.06)
    x = torch.randn(views, side, side, WIDTH)
    exact = block(x)
    block, x = block.bfloat16(), x.bfloat16()
    upstream = _error(block(x), exact)
    with _with_kernel():
        kernel = _error(block(x), exact)
    return f"{views} x {side} x {side}, window {window}: vLLM {upstream:.2e}, kernel {kernel:.2e}"


def _error(result: Any, exact: Any) -> float:
    return float((result.float() - exact).norm() / exact.norm())


def _times(pages: int) -> Iterator[str]:
    import torch
    from vllm.model_executor.models.deepencoder import build_sam_vit_b

    torch.set_default_dtype(torch.bfloat16)
    tower = build_sam_vit_b()
    for weights in tower.parameters():
        weights.normal_(0, 0.02)
    whole, tiles = torch.randn(pages, 3, 1024, 1024), torch.randn(TILES * pages, 3, 640, 640)

    def through() -> None:
        tower(whole)
        tower(tiles)

    yield f"vLLM: {_measured(through, pages)}"
    with _with_kernel():
        yield f"kernel: {_measured(through, pages)}"


def _measured(run: Callable[[], None], pages: int) -> str:
    import torch

    run()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    spans = [_milliseconds(run) for _ in range(REPEATS)]
    peak = (torch.cuda.max_memory_allocated() - before) / 1024**3
    return f"{median(spans) / pages:.2f} ms per page, {peak:.1f} GiB"


def _milliseconds(run: Callable[[], None]) -> float:
    import torch

    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    run()
    end.record()
    torch.cuda.synchronize()
    return float(begin.elapsed_time(end))


if __name__ == "__main__":
    sys.exit(main())
