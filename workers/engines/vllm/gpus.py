"""Checks that this machine's GPUs can hold the model, before it is loaded."""

from collections.abc import Sequence
from pathlib import Path

from shared.config.settings import MEBIBYTE, Settings
from shared.domain.errors import EngineUnavailable

#: MiB of the published model's weights, and of what the engine needs beside them.
_WEIGHTS, _OVERHEAD = 6_370, 2_000


def check_gpus(settings: Settings, model: str, memory: Sequence[int], *, needed: bool) -> None:
    """Raise EngineUnavailable if GPUs are missing or too small.

    ``memory``: MiB of each GPU. ``needed``: whether the installed vLLM runs on GPUs.
    """
    if not needed:
        return
    if not memory:
        raise EngineUnavailable(
            "no GPU: nvidia-smi shows none; install NVIDIA's driver, or use --engine cpu"
        )
    parts = settings.tensor_parallel_size * settings.pipeline_parallel_size
    usable = int(min(memory) * settings.gpu_memory_utilization / settings.engines_per_gpu)
    least = _weights(settings, model) // parts + _OVERHEAD
    if usable < least:
        raise EngineUnavailable(
            f"the GPU is too small: {usable} MiB of {min(memory)} may be used "
            f"(gpu_memory_utilization), and {least} are needed; use a larger one, several by "
            "--tensor-parallel-size 2, or --engine cpu"
        )


def _weights(settings: Settings, model: str) -> int:
    """MiB of the model's weights."""
    if settings.vllm_load_format == "dummy":
        return 0
    files = list(Path(model).glob("*.safetensors"))
    return sum(file.stat().st_size for file in files) // MEBIBYTE or _WEIGHTS
