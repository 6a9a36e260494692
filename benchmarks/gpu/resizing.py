"""Compares the views made on the GPU with those that Pillow makes on one core.

    python -m benchmarks.gpu.resizing

Pages of noise in the sizes of rendered pages. Prints whether all pixels are equal, and milliseconds
per page.
"""

import argparse
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.gpu.needs import missing
from shared.domain.records.options import PageOptions
from workers.engines.deepseek.modes import mode_for
from workers.engines.deepseek.page_shape import shape_of
from workers.engines.deepseek.pixels import Picture, Views, make_views

#: A4 portrait and landscape, Letter, a slide, a receipt, A4 of the official script, small pages.
SIZES = (
    (1358, 1920), (1920, 1358), (1484, 1920), (1920, 1080), (811, 1920),
    (1190, 1684), (1015, 1559), (640, 640), (641, 77), (1, 1),
)  # fmt: skip
RESOLUTIONS = ("gundam", "tiny", "base", "large")
REPEATS = 9


def main() -> int:
    """Print a line per size; the exit status is 1 if a pixel differs, 2 without a GPU."""
    argparse.ArgumentParser(
        prog="python -m benchmarks.gpu.resizing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    problem = missing("torch", "triton")
    if problem:
        print(problem, file=sys.stderr)
        return 2
    return int(not all([_compared(size, name) for name in RESOLUTIONS for size in SIZES]))


def _compared(size: tuple[int, int], resolution: str) -> bool:
    options = PageOptions.model_validate(
        {"engine": "vllm", "model": "DeepSeek-OCR", "resolution": resolution}
    )
    mode = mode_for(options)
    image = Image.fromarray(_noise(size))
    page = Picture(np.asarray(image), mode)
    expected, pillow = _timed(lambda: make_views(image, mode))
    result, kernel = _timed(_on_gpu(page))
    same = bool(
        np.array_equal(_host(result.whole), expected.whole)
        and np.array_equal(_host(result.tiles), expected.tiles)
    )
    name = f"{resolution}, {size[0]} x {size[1]}"
    print(f"{name}: equal {same}, Pillow {pillow:.2f} ms, GPU {kernel:.2f} ms", flush=True)
    return same


def _noise(size: tuple[int, int]) -> Any:
    return np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), np.uint8)


def _on_gpu(page: Picture) -> Callable[[], Views]:
    """A function that makes the views of ``page`` on the GPU, from pixels on the GPU."""
    import torch

    from workers.engines.vllm.plugin.resizing import views

    pixels = torch.from_numpy(page.pixels.copy()).cuda()

    def run() -> Views:
        whole, tiles = views(pixels, shape_of(page), page.grid)
        torch.cuda.synchronize()
        return Views(page.grid, whole[0], tiles)

    return run


def _host(views: Any) -> Any:
    return views.cpu().numpy()


def _timed(run: Callable[[], Views]) -> tuple[Views, float]:
    spans = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        result = run()
        spans.append((time.perf_counter() - begin) * 1000)
    return result, median(spans)


if __name__ == "__main__":
    sys.exit(main())
