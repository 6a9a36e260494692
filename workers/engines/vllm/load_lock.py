"""Several engines on one GPU: while one's Python plans its next step, the other's step runs.

The GPU's time is shared in slices, which costs some of it (docs/benchmarks.md).
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from shared.config.environment import visible_gpus
from shared.config.settings import Settings

#: vLLM's argument that tells an engine the size of its cache, so that it need not measure.
_CACHE_SIZE = "kv_cache_memory_bytes"


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
