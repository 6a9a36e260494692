"""Imported by vLLM's workers in tests: a vision tower of one layer, with larger random weights.

vLLM hard-codes a tower of 400 million weights, and its random weights are so small that every page
gets the same answer.
"""

from functools import partial
from typing import Any

import torch
from vllm.model_executor.model_loader import dummy_loader
from vllm.model_executor.models import deepencoder, deepseek_ocr

from workers.engines.vllm.plugin.patching import original_of
from workers.engines.vllm.plugin.register import WorkerExtension
from workers.engines.vllm.plugin.uint8_inputs import Pages, embed, stock_tensors

SPREAD = 0.5
_clip = deepseek_ocr.CLIPVisionConfig
_dummy = dummy_loader.initialize_single_dummy_weight

deepseek_ocr.build_sam_vit_b = partial(
    deepencoder._build_sam,
    encoder_embed_dim=64,
    encoder_depth=1,
    encoder_num_heads=1,
    encoder_global_attn_indexes=[0],
)
deepseek_ocr.CLIPVisionConfig = lambda **sizes: _clip(**{**sizes, "num_hidden_layers": 1})


def _weights(parameter: Any) -> None:
    """Scales and offsets near one, so that differences between pages remain."""
    if parameter.dim() == 1:
        _dummy(parameter, low=0.8, high=1.2)
    else:
        _dummy(parameter, low=-SPREAD, high=SPREAD)


dummy_loader.initialize_single_dummy_weight = _weights


class SmallVision(WorkerExtension):
    """Methods that tests call in the worker by name."""

    def tower_difference(self, whole_side: int, tile_side: int, grids: list[list[int]]) -> float:
        """The largest difference between pagefleet's and vLLM's embeddings, relative to vLLM's."""
        model: Any = self.get_model()  # type: ignore[attr-defined]  # the worker's own
        chooser = torch.Generator().manual_seed(5)

        def levels(*shape: int) -> Any:
            return torch.randint(0, 256, shape, generator=chooser, dtype=torch.uint8)

        tiles = [grid[0] * grid[1] if grid != [1, 1] else 0 for grid in grids]
        # Every second page has one channel.
        channels = [1 if index % 2 else 3 for index in range(len(grids))]
        whole = [levels(1, count, whole_side, whole_side) for count in channels]
        parts = [
            levels(n, count, tile_side, tile_side) for n, count in zip(tiles, channels, strict=True)
        ]
        pages = Pages(whole, parts, torch.tensor(grids))
        with torch.inference_mode():
            embeddings = embed(model, pages)
            upstream = original_of(type(model).embed_multimodal)(
                model, **stock_tensors(model, pages)
            )
        assert [len(page) for page in embeddings] == [len(page) for page in upstream]
        pairs = zip(embeddings, upstream, strict=True)
        return max(float((a - b).abs().max() / b.abs().max()) for a, b in pairs)
