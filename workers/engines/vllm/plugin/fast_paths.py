"""Shortcuts for work that vLLM repeats for every page at every token.

One engine process schedules each step for hundreds of pages in Python while the GPU waits. Between
two images or two cache blocks the result for a page is always the same. A shortcut returns it where
it is certain, and calls vLLM's function everywhere else.
"""

from collections.abc import Callable
from typing import Any

import torch

from workers.engines.vllm.plugin.process_guard import in_pagefleet_engine

#: Keyword arguments of ``allocate_slots`` for a page that is already running.
_RUNNING = {"num_lookahead_tokens"}


def schedule_encoder_inputs(original: Any) -> Any:
    """``Scheduler._try_schedule_encoder_inputs``: nothing to encode after a page's only image."""

    def shortcut(self: Any, request: Any, computed: int, new: int, budget: int, **more: Any) -> Any:
        images = request.mm_features
        if len(images) != 1 or _end(images[0]) > computed or self.is_encoder_decoder:
            return original(self, request, computed, new, budget, **more)
        # vLLM's result for 0 new tokens is "nothing to schedule" in the format of its version.
        nothing, _, *rest = original(self, request, computed, 0, budget, **more)
        return (nothing, new, *rest)

    return _in_pagefleet_engines(shortcut, original)


def _end(feature: Any) -> int:
    position = feature.mm_position
    return int(position.offset + position.length)


def allocate_slots(original: Any) -> Any:
    """``KVCacheManager.allocate_slots``: no new block while the token fits into the last one."""

    def shortcut(self: Any, request: Any, new: int, *rest: Any, **more: Any) -> Any:
        managers = self.coordinator.single_type_managers
        simple = not rest and more.keys() <= _RUNNING and not self.enable_caching
        if simple and new and len(managers) == 1 and _keeps_all_blocks(managers[0]):
            blocks = managers[0].req_to_blocks.get(request.request_id, ())
            end = request.num_computed_tokens + new + more.get("num_lookahead_tokens", 0)
            if len(blocks) * managers[0].block_size >= min(end, self.max_model_len):
                return self.empty_kv_cache_blocks
        return original(self, request, new, *rest, **more)

    return _in_pagefleet_engines(shortcut, original)


def _keeps_all_blocks(manager: Any) -> bool:
    """Whether a page keeps its blocks until it ends, as with full attention."""
    return type(manager).__name__ == "FullAttentionManager"


def gather_mm_embeddings(original: Any) -> Any:
    """``GPUModelRunner._gather_mm_embeddings``: none if all pages are past their prompts."""

    def shortcut(self: Any, scheduled: Any, *rest: Any, **more: Any) -> Any:
        batch, tokens = self.input_batch, scheduled.total_num_scheduled_tokens
        pages = len(batch.req_ids)
        past_prompt = batch.num_computed_tokens_cpu[:pages] >= batch.num_prompt_tokens[:pages]
        if rest or more or not past_prompt.all():
            return original(self, scheduled, *rest, **more)
        return [], torch.zeros(tokens, dtype=torch.bool, pin_memory=self.device.type == "cuda")

    return _in_pagefleet_engines(shortcut, original)


def _in_pagefleet_engines(shortcut: Callable[..., Any], original: Any) -> Callable[..., Any]:
    """``shortcut`` in pagefleet's engines, ``original`` in all others."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return (shortcut if in_pagefleet_engine() else original)(self, *args, **kwargs)

    return method
