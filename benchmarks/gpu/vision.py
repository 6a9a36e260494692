"""The vision tower's SAM half on one GPU: vLLM's own blocks beside those in one kernel.

    python -m benchmarks.gpu.vision

Random weights, pages of six tiles. Prints how far both are from the same blocks in float32, and
milliseconds a page and gigabytes at the peak.
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
#: Views, places on a side, places of a window's side (0: the whole view).
GEOMETRIES = ((2, 64, 14), (2, 64, 0), (3, 40, 14), (3, 40, 0), (3, 32, 14), (2, 20, 0), (2, 80, 0))


def main() -> int:
    """Print errors and times; 2 where there is no GPU."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu.vision",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pages", type=int, default=8, help="pages that go through at once")
    pages = parser.parse_args().pages
    lack = missing("torch", "vllm")
    if lack:
        print(lack, file=sys.stderr)
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
def _one_kernel() -> Iterator[None]:
    """As in the processes of pagefleet's own engines."""
    from workers.engines.vllm.plugin import register
    from workers.engines.vllm.plugin.process_guard import ours

    register.register()
    mark = Path("benchmark")
    ours.add(mark)
    try:
        yield
    finally:
        ours.discard(mark)


def _errors(views: int, side: int, window: int) -> str:
    import torch
    from vllm.model_executor.models.deepencoder import Block

    own = window or TRAINED
    block = Block(WIDTH, HEADS, use_rel_pos=True, window_size=window, input_size=(own, own))
    for weights in block.parameters():
        weights.normal_(0, 0.06)
    x = torch.randn(views, side, side, WIDTH)
    wanted = block(x)
    block, x = block.bfloat16(), x.bfloat16()
    theirs = _apart(block(x), wanted)
    with _one_kernel():
        ours = _apart(block(x), wanted)
    return f"{views} x {side} x {side}, window {window}: vLLM {theirs:.2e}, one kernel {ours:.2e}"


def _apart(found: Any, wanted: Any) -> float:
    return float((found.float() - wanted).norm() / wanted.norm())


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
    with _one_kernel():
        yield f"one kernel: {_measured(through, pages)}"


def _measured(run: Callable[[], None], pages: int) -> str:
    import torch

    run()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    spans = [_milliseconds(run) for _ in range(REPEATS)]
    peak = (torch.cuda.max_memory_allocated() - before) / 1024**3
    return f"{median(spans) / pages:.2f} ms a page, {peak:.1f} GiB"


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
