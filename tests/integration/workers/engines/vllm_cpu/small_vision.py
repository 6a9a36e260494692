"""Imported by vLLM's workers in tests: a vision tower of one layer, and weights that differ.

vLLM fixes the tower's size in its code, 400 million weights, and its random weights are so small
that every page gets the same answer.
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
    """Scales and offsets near one, so that what differs between pages is not scaled away."""
    if parameter.dim() == 1:
        _dummy(parameter, low=0.8, high=1.2)
    else:
        _dummy(parameter, low=-SPREAD, high=SPREAD)


dummy_loader.initialize_single_dummy_weight = _weights


class SmallVision(WorkerExtension):
    """What tests ask of a worker by name."""

    def tower_difference(self, whole_side: int, tile_side: int, grids: list[list[int]]) -> float:
        """How far our way through the tower is from vLLM's, against the size of its numbers."""
        model: Any = self.get_model()  # type: ignore[attr-defined]  # the worker's own
        chooser = torch.Generator().manual_seed(5)

        def levels(*shape: int) -> Any:
            return torch.randint(0, 256, shape, generator=chooser, dtype=torch.uint8)

        tiles = [grid[0] * grid[1] if grid != [1, 1] else 0 for grid in grids]
        # Every second page has no colour.
        channels = [1 if place % 2 else 3 for place in range(len(grids))]
        whole = [levels(1, count, whole_side, whole_side) for count in channels]
        parts = [
            levels(n, count, tile_side, tile_side) for n, count in zip(tiles, channels, strict=True)
        ]
        pages = Pages(whole, parts, torch.tensor(grids))
        with torch.inference_mode():
            ours = embed(model, pages)
            theirs = original_of(type(model).embed_multimodal)(model, **stock_tensors(model, pages))
        assert [len(page) for page in ours] == [len(page) for page in theirs]
        pairs = zip(ours, theirs, strict=True)
        return max(float((a - b).abs().max() / b.abs().max()) for a, b in pairs)
