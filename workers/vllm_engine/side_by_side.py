"""Several engines on one GPU: while one's Python plans its next step, the other's step runs.

An engine's own process spends about as long on planning a step as the GPU on running it, so one
engine leaves a large card idle half of the time (docs/benchmarks.md).
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shared.environment import visible_gpus
from shared.settings import Settings

#: Cards of so many MiB hold two engines with a full batch each.
_ROOM_FOR_TWO = 60_000
#: vLLM's argument that tells an engine the size of its cache, so that it need not measure.
_CACHE_SIZE = "kv_cache_memory_bytes"


def engines_on(settings: Settings, memory: Sequence[int]) -> int:
    """Engines for each GPU; ``memory``: of each GPU, in MiB."""
    if settings.engines_per_gpu != "auto":
        return settings.engines_per_gpu
    alone = settings.tensor_parallel_size * settings.pipeline_parallel_size > 1
    return 2 if memory and min(memory) >= _ROOM_FOR_TWO and not alone else 1


@contextmanager
def loading_turn(settings: Settings, engines: int) -> Iterator[None]:
    """Engines of one GPU load one after the other: each measures how much memory is left."""
    if engines == 1 or _CACHE_SIZE in (settings.vllm_arguments or ""):
        yield
        return
    folder = settings.home / "engine"
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(char if char.isalnum() else "-" for char in visible_gpus() or "all")
    with (folder / f"loading-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
