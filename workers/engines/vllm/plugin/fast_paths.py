"""Short cuts through what vLLM does for every page at every token.

One engine process plans each step for hundreds of pages in Python, and the GPU waits for it. What
is asked for each of them has one answer between two of its images or two blocks of its cache. A
short cut is taken where that answer is certain, and gives just that; all else goes vLLM's way.
"""

from typing import Any

import torch

#: Arguments of ``allocate_slots`` for a page that runs already.
_RUNNING = {"num_lookahead_tokens"}


def images_to_encode(original: Any) -> Any:
    """``Scheduler._try_schedule_encoder_inputs``: none, for a page beyond its one image."""

    def ask(self: Any, request: Any, computed: int, new: int, budget: int, **more: Any) -> Any:
        images = request.mm_features
        if len(images) != 1 or _end(images[0]) > computed or self.is_encoder_decoder:
            return original(self, request, computed, new, budget, **more)
        # Nothing to schedule is told apart by the version; for no token it says that itself.
        none, _, *rest = original(self, request, computed, 0, budget, **more)
        return (none, new, *rest)

    return ask


def _end(feature: Any) -> int:
    place = feature.mm_position
    return int(place.offset + place.length)


def cache_blocks(original: Any) -> Any:
    """``KVCacheManager.allocate_slots``: no new ones, while the last has room for the token."""

    def allocate(self: Any, request: Any, new: int, *rest: Any, **more: Any) -> Any:
        managers = self.coordinator.single_type_managers
        simple = not rest and more.keys() <= _RUNNING and not self.enable_caching
        if simple and new and len(managers) == 1 and _keeps_all(managers[0]):
            own = managers[0].req_to_blocks.get(request.request_id, ())
            end = request.num_computed_tokens + new + more.get("num_lookahead_tokens", 0)
            if len(own) * managers[0].block_size >= min(end, self.max_model_len):
                return self.empty_kv_cache_blocks
        return original(self, request, new, *rest, **more)

    return allocate


def _keeps_all(manager: Any) -> bool:
    """Whether its blocks stay until the page ends, as full attention needs them."""
    return type(manager).__name__ == "FullAttentionManager"


def embeddings(original: Any) -> Any:
    """``GPUModelRunner._gather_mm_embeddings``: none, where every page is beyond its prompt."""

    def gather(self: Any, scheduled: Any, *rest: Any, **more: Any) -> Any:
        batch, tokens = self.input_batch, scheduled.total_num_scheduled_tokens
        pages = len(batch.req_ids)
        answering = batch.num_computed_tokens_cpu[:pages] >= batch.num_prompt_tokens[:pages]
        if rest or more or tokens != pages or not answering.all():
            return original(self, scheduled, *rest, **more)
        return [], torch.zeros(tokens, dtype=torch.bool, pin_memory=self.device.type == "cuda")

    return gather
