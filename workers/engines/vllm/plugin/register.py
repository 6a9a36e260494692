"""Adds to vLLM, in every process that runs a model, what pagefleet's engine sends to it.

vLLM calls ``register`` by its entry point group ``vllm.general_plugins``; importing this module
through the worker extension does the same where the package is not installed but only found.
Requests that are not pagefleet's go their usual way.
"""

import functools
from collections.abc import Callable
from typing import Any

from workers.engines.vllm.plugin.fast_paths import cache_blocks, embeddings, images_to_encode
from workers.engines.vllm.plugin.patching import replace, replace_at
from workers.engines.vllm.plugin.prefill_batching import Gathering
from workers.engines.vllm.plugin.process_guard import (
    is_ours,
    noting,
    noting_others,
    owned,
    trouble_file,
)

#: Steps of a worker that its wrapper has itself; it looks up all others by ``__getattr__``.
_WORKER_STEPS = ("initialize_from_config", "execute_model")
#: Where vLLM asks for every page at every token, and our short cut.
_SHORT_CUTS: dict[str, Callable[[Any], Any]] = {
    "vllm.v1.core.sched.scheduler:Scheduler._try_schedule_encoder_inputs": images_to_encode,
    "vllm.v1.core.kv_cache_manager:KVCacheManager.allocate_slots": cache_blocks,
    "vllm.v1.worker.gpu_model_runner:GPUModelRunner._gather_mm_embeddings": embeddings,
}
#: Asks before each step whether new pages have to wait.
_WAIT = "vllm.v1.engine.core:EngineCore._should_throttle_prefills"
_GATHERING = "_pagefleet_gathering"


class WorkerExtension:
    """Nothing by itself: naming it makes vLLM import this module in its workers."""


def register() -> None:
    """Teach vLLM our ways, for our own engines; idempotent."""
    from vllm.model_executor.models.deepencoder import Block
    from vllm.model_executor.models.deepseek_ocr import DeepseekOCRForCausalLM
    from vllm.model_executor.models.deepseek_ocr2 import DeepseekOCR2ForCausalLM
    from vllm.v1.engine.core import EngineCore
    from vllm.v1.worker.worker_base import WorkerWrapperBase

    replace(DeepseekOCRForCausalLM, "embed_multimodal", _batched)
    replace(DeepseekOCR2ForCausalLM, "embed_multimodal", _translated)
    replace(Block, "forward", _in_one)
    for place, short_cut in _SHORT_CUTS.items():
        replace_at(place, functools.partial(_where_ours, short_cut))
    replace_at(_WAIT, _gathered)
    replace(WorkerWrapperBase, "init_device", lambda original: owned(noting(original)))
    for method in _WORKER_STEPS:
        replace(WorkerWrapperBase, method, noting)
    replace(EngineCore, "_initialize_kv_caches", lambda original: owned(noting(original)))
    replace(WorkerWrapperBase, "__getattr__", noting_others)


def _where_ours(short_cut: Callable[[Any], Any], original: Any) -> Any:
    shortened = short_cut(original)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return (shortened if is_ours() else original)(self, *args, **kwargs)

    return method


def _batched(original: Any) -> Any:
    def embed_multimodal(self: Any, **kwargs: Any) -> Any:
        from workers.engines.vllm.plugin.uint8_inputs import PLACE, STOCK_WHOLE, embed

        if is_ours() and PLACE in kwargs:
            return embed(self, _loaded(self, kwargs))
        if is_ours() and STOCK_WHOLE in kwargs:
            # vLLM measures the memory it needs with its own kind of input: by our way, then.
            return embed(self, _stock_pages(kwargs))
        return original(self, **kwargs)

    return embed_multimodal


def _loaded(model: Any, kwargs: dict[str, Any]) -> Any:
    from workers.engines.vllm.plugin.uint8_inputs import GRID, PLACE, SHAPE, load

    return load(model, kwargs[PLACE], kwargs[SHAPE], kwargs[GRID])


def _stock_pages(kwargs: dict[str, Any]) -> Any:
    from workers.engines.vllm.plugin.uint8_inputs import STOCK_GRID, STOCK_TILES, STOCK_WHOLE, Pages

    grids = kwargs[STOCK_GRID].cpu()
    counts = [columns * rows * (columns * rows > 1) for columns, rows in grids.tolist()]
    return Pages(kwargs[STOCK_WHOLE].split(1), kwargs[STOCK_TILES].split(counts), grids)


def _translated(original: Any) -> Any:
    def embed_multimodal(self: Any, **kwargs: Any) -> Any:
        from workers.engines.vllm.plugin.uint8_inputs import PLACE, stock_tensors, table_of

        if is_ours():
            # Also where vLLM measures memory with its own input, so that pages find all ready.
            table_of(self)
            if PLACE in kwargs:
                kwargs = stock_tensors(self, _loaded(self, kwargs))
        return original(self, **kwargs)

    return embed_multimodal


def _in_one(original: Any) -> Any:
    def forward(self: Any, x: Any) -> Any:
        if not (is_ours() and x.is_cuda and self.attn.use_rel_pos):
            return original(self, x)
        from workers.engines.vllm.plugin.window_attention import block

        return block(self, x)

    return forward


def _gathered(original: Any) -> Any:
    def should_throttle_prefills(self: Any) -> bool:
        if trouble_file(self) is None:
            return bool(original(self))
        gathering: Gathering = self.__dict__.setdefault(_GATHERING, Gathering())
        holds = gathering.holds(self.scheduler)
        if holds:
            # Else pages that wait would enter as long as there are any.
            self.scheduler.prefill_capacity_bound = False
        return holds

    return should_throttle_prefills


register()
