"""Lets the engines of one GPU load one after the other, because each measures the free memory.

Several engines per GPU overlap one engine's Python work with another's GPU step. Time slicing
costs some GPU time (docs/benchmarks.md).
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from shared.config.environment import visible_gpus
from shared.config.private_files import make_private_folder, private_opener
from shared.config.settings import Settings

#: vLLM's argument for a fixed cache size, with which an engine measures no memory.
_CACHE_SIZE = "kv_cache_memory_bytes"


@contextmanager
def load_lock(settings: Settings, engines: int) -> Iterator[None]:
    """Hold the load lock of this engine's GPU; no lock if ``engines`` is 1."""
    if engines == 1 or _CACHE_SIZE in (settings.vllm_arguments or ""):
        yield
        return
    folder = settings.home / "engine"
    make_private_folder(folder)
    name = "".join(char if char.isalnum() else "-" for char in visible_gpus() or "all")
    with open(folder / f"loading-{name}.lock", "w", opener=private_opener) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
