"""Replacements in vLLM's DeepSeek-OCR models; they import torch code at their first use."""

from typing import Any

from workers.engines.vllm.plugin.process_guard import in_pagefleet_engine


def embed_pages(original: Any) -> Any:
    """``DeepseekOCRForCausalLM.embed_multimodal`` for pages in files, many at once."""

    def embed_multimodal(self: Any, **kwargs: Any) -> Any:
        from workers.engines.vllm.plugin.uint8_inputs import PATH, STOCK_WHOLE, embed

        if in_pagefleet_engine() and PATH in kwargs:
            return embed(self, _load(self, kwargs))
        if in_pagefleet_engine() and STOCK_WHOLE in kwargs:
            # vLLM's memory profiling sends vLLM's own input. It must measure pagefleet's code.
            return embed(self, _stock_pages(kwargs))
        return original(self, **kwargs)

    return embed_multimodal


def _load(model: Any, kwargs: dict[str, Any]) -> Any:
    from workers.engines.vllm.plugin.uint8_inputs import GRID, PATH, SHAPE, load

    return load(model, kwargs[PATH], kwargs[SHAPE], kwargs[GRID])


def _stock_pages(kwargs: dict[str, Any]) -> Any:
    from workers.engines.vllm.plugin.uint8_inputs import STOCK_GRID, STOCK_TILES, STOCK_WHOLE, Pages

    grids = kwargs[STOCK_GRID].cpu()
    counts = [columns * rows * (columns * rows > 1) for columns, rows in grids.tolist()]
    return Pages(kwargs[STOCK_WHOLE].split(1), kwargs[STOCK_TILES].split(counts), grids)


def convert_pages(original: Any) -> Any:
    """``DeepseekOCR2ForCausalLM.embed_multimodal`` for pages in files, as vLLM's own input."""

    def embed_multimodal(self: Any, **kwargs: Any) -> Any:
        from workers.engines.vllm.plugin.uint8_inputs import PATH, stock_tensors, value_table

        if in_pagefleet_engine():
            # Also during vLLM's memory profiling, so that it measures the table and the kernel.
            value_table(self)
            if PATH in kwargs:
                kwargs = stock_tensors(self, _load(self, kwargs))
        return original(self, **kwargs)

    return embed_multimodal


def sam_block(original: Any) -> Any:
    """``Block.forward`` of SAM with attention in one kernel, on a GPU."""

    def forward(self: Any, x: Any) -> Any:
        if not (in_pagefleet_engine() and x.is_cuda and self.attn.use_rel_pos):
            return original(self, x)
        from workers.engines.vllm.plugin.window_attention import block

        return block(self, x)

    return forward
