"""vLLM's engine arguments for pagefleet's settings."""

import json
from typing import Any

from shared.config.settings import Settings
from shared.domain.errors import UsageError
from workers.engines.vllm.batch_sizes import Sizes
from workers.engines.vllm.crash_report import CrashReport
from workers.engines.vllm.plugin.process_guard import CRASH_REPORT_KEY

#: The class whose objects draft in vLLM's processes.
PROPOSER = "workers.engines.vllm.plugin.drafts.DraftProposer"
#: CUDA graphs are captured for steps of so many more pages each, and, where new pages enter a
#: step, of so many more tokens.
_GRAPH_PAGES, _GRAPH_TOKENS = 16, 512

#: Tokens of a page between two outputs of the engine; each output costs time of this process.
TOKENS_PER_OUTPUT = 64


def engine_arguments(
    settings: Settings, model: str, sizes: Sizes, report: CrashReport, engines: int
) -> dict[str, Any]:
    """Keyword arguments of ``AsyncEngineArgs``; raises UsageError for bad ``vllm_arguments``.

    ``engines``: number of engines that share the GPU.
    """
    drafted = drafts(settings)
    count = settings.draft_tokens if drafted else 0
    step_tokens = drafting_step_tokens(sizes.step_tokens, count, sizes.batch)
    return {
        "model": model,
        "dtype": "bfloat16",
        "load_format": settings.vllm_load_format,
        "max_model_len": settings.max_model_len,
        "max_num_seqs": sizes.batch,
        "max_num_batched_tokens": step_tokens,
        "gpu_memory_utilization": round(settings.gpu_memory_utilization / engines, 4),
        "tensor_parallel_size": settings.tensor_parallel_size,
        "pipeline_parallel_size": settings.pipeline_parallel_size,
        # Scheduling the next step and launching this one each keep a core busy with Python code.
        "distributed_executor_backend": "mp",
        "limit_mm_per_prompt": {"image": 1},
        # All pages differ, so caches of earlier pages only cost time.
        "enable_prefix_caching": False,
        "mm_processor_cache_gb": 0,
        "generation_config": "vllm",
        # vLLM's statistics cost time at each step; only useful if metrics are exported.
        "disable_log_stats": not settings.metrics_port,
        "stream_interval": 1 if settings.stream_output else TOKENS_PER_OUTPUT,
        "worker_extension_cls": "workers.engines.vllm.plugin.register.WorkerExtension",
        "additional_config": {CRASH_REPORT_KEY: str(report.path)},
        **_pinned(settings.revision),
        **({} if sizes.block is None else {"block_size": sizes.block}),
        **(drafting_arguments(count, sizes.batch, step_tokens) if drafted else {}),
        **_further(settings.vllm_arguments),
    }


def drafts(settings: Settings) -> bool:
    """Whether the engine drafts answers; raises UsageError if it can't with these settings."""
    if settings.draft_source == "none":
        return False
    if settings.pipeline_parallel_size > 1:
        raise UsageError(
            "draft_source needs pipeline_parallel_size 1: drafts stay on the GPU of one stage"
        )
    return True


def drafting_step_tokens(step_tokens: int, count: int, batch: int) -> int:
    """Tokens of a step that has ``count`` drafts of each of ``batch`` pages besides new pages.

    A multiple of a page's tokens, because vLLM captures graphs only for such numbers.
    """
    own = count + 1
    return -(-(step_tokens + count * batch) // own) * own


def drafting_arguments(count: int, batch: int, step_tokens: int) -> dict[str, Any]:
    """vLLM's arguments for ``count`` drafts of each page and step, with ``batch`` pages.

    vLLM captures graphs for at most 512 tokens by itself. A step with drafts has many more, and
    with drafts every third step has new pages, with up to ``step_tokens`` tokens.
    """
    own = count + 1
    pages = {1, 2, 4, 8, *range(_GRAPH_PAGES, batch, _GRAPH_PAGES), batch}
    decoding = [own * number for number in sorted(pages) if number <= batch]
    entering = range(step_tokens, decoding[-1], -(_GRAPH_TOKENS // own * own))
    return {
        "speculative_config": {
            "method": "custom_class",
            "model": PROPOSER,
            "num_speculative_tokens": count,
        },
        "compilation_config": {"cudagraph_capture_sizes": [*decoding, *reversed(entering)]},
        # With graphs, vLLM splits each sequence's cache up to 32 times. That pays only for few long
        # sequences, and needs a second pass over partial sums in float32.
        "attention_config": {"flash_attn_max_num_splits_for_cuda_graph": 1},
    }


def _pinned(revision: str | None) -> dict[str, str]:
    """All that is loaded from the model's repository comes from one revision."""
    names = ("revision", "tokenizer_revision", "code_revision")
    return {} if revision is None else dict.fromkeys(names, revision)


def _further(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        arguments = json.loads(text)
    except ValueError as error:
        raise UsageError(f"setting 'vllm_arguments' is not JSON: {error}") from None
    if not isinstance(arguments, dict):
        raise UsageError("setting 'vllm_arguments' must be a JSON object")
    if arguments.get("distributed_executor_backend", "mp") not in ("mp", "uni"):
        raise _on_one_machine("distributed_executor_backend")
    if arguments.get("nnodes", 1) != 1:
        raise _on_one_machine("nnodes")
    return arguments


def _on_one_machine(name: str) -> UsageError:
    return UsageError(
        f"setting 'vllm_arguments': {name!r} would run the model on other machines, but the pages' "
        "pixels are in the memory of this one; start a worker on each machine instead"
    )
