"""vLLM's engine arguments for our settings."""

import json
from typing import Any

from shared.config.settings import Settings
from shared.domain.errors import UsageError
from workers.engines.vllm.batch_sizes import Sizes
from workers.engines.vllm.oom_batch_limit import Lessons

#: Tokens of a page between two signs of life; each costs the worker's own process some time.
TOKENS_PER_SIGN = 64


def engine_arguments(
    settings: Settings, model: str, sizes: Sizes, lessons: Lessons, engines: int
) -> dict[str, Any]:
    """Keyword arguments of ``AsyncEngineArgs``; raises UsageError for bad ``vllm_arguments``.

    ``engines``: how many share the GPU.
    """
    return {
        "model": model,
        "dtype": "bfloat16",
        "load_format": settings.vllm_load_format,
        "max_model_len": settings.max_model_len,
        "max_num_seqs": sizes.batch,
        "max_num_batched_tokens": sizes.step_tokens,
        "gpu_memory_utilization": round(settings.gpu_memory_utilization / engines, 4),
        "tensor_parallel_size": settings.tensor_parallel_size,
        "pipeline_parallel_size": settings.pipeline_parallel_size,
        # Planning the next step and launching this one take a core each, in Python.
        "distributed_executor_backend": "mp",
        "limit_mm_per_prompt": {"image": 1},
        # No two pages are alike, so every cache of earlier pages only costs time.
        "enable_prefix_caching": False,
        "mm_processor_cache_gb": 0,
        "generation_config": "vllm",
        # Its own figures cost work at each step: only where somebody can scrape them.
        "disable_log_stats": not settings.metrics_port,
        "stream_interval": 1 if settings.stream_output else TOKENS_PER_SIGN,
        "worker_extension_cls": "workers.engines.vllm.plugin.register.WorkerExtension",
        "additional_config": {"pagefleet_trouble": str(lessons.trouble)},
        **({} if sizes.block is None else {"block_size": sizes.block}),
        **_further(settings.vllm_arguments),
    }


def _further(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UsageError(f"setting 'vllm_arguments' is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError("setting 'vllm_arguments' has to be a JSON object")
    if found.get("distributed_executor_backend", "mp") not in ("mp", "uni"):
        raise _on_one_machine("distributed_executor_backend")
    if found.get("nnodes", 1) != 1:
        raise _on_one_machine("nnodes")
    return found


def _on_one_machine(name: str) -> UsageError:
    return UsageError(
        f"setting 'vllm_arguments': {name!r} would run the model on other machines, and the pages' "
        "pixels lie in the memory of this one; start a worker on each machine instead"
    )
