"""Chooses an engine's batch size, tokens per step and pages in flight."""

from dataclasses import dataclass, replace

from shared.config.settings import Settings
from workers.engines.deepseek.modes import Mode
from workers.host.cores import usable_memory
from workers.host.scratch import free_bytes

#: (MiB of GPU memory, pages decoded at once). With larger batches the GPU waits less for the
#: engine's process, because a step's host time grows more slowly than its GPU time.
_BATCH_BY_MEMORY = ((70_000, 384), (36_000, 256), (20_000, 128), (0, 64))
_BATCH_WITHOUT_GPU = 4
#: Average tokens of a page: A4 in gundam mode and its answer.
_PAGE_TOKENS = 2300
#: Bytes of the largest prepared page: colour, nine tiles.
_PAGE_BYTES = 3 * (1024 * 1024 + 9 * 640 * 640)
_STEP_TOKENS, _STEP_TOKENS_WITHOUT_GPU = 8192, 2048
#: Tokens per block of the GPU's KV cache: four times vLLM's default, because vLLM manages blocks
#: in Python.
_BLOCK_TOKENS = 64


@dataclass(frozen=True)
class Sizes:
    """The sizes with which an engine is started."""

    #: Sequences decoded at once.
    batch: int
    #: Tokens of one step; also the most that one page's image may have.
    step_tokens: int
    #: Pages in flight: those being decoded and those being rendered.
    capacity: int
    #: False if ``capacity`` was set explicitly.
    adjustable: bool
    #: Tokens per block of the KV cache; None: vLLM's default.
    block: int | None = None


def plan_sizes(
    settings: Settings, gpu_mebibytes: int | None, limit: int | None, room: int
) -> Sizes:
    """Sizes for a GPU with ``gpu_mebibytes`` of memory; None without a GPU.

    ``limit``: the largest batch that has not run out of memory; None if none has.
    ``room``: pages that fit into this machine's main memory.
    """
    batch = _batch(settings, gpu_mebibytes)
    if limit is not None:
        batch = min(batch, limit)
    chosen = settings.max_concurrency
    capacity = min(_with_ahead(batch), room) if chosen == "auto" else chosen
    return Sizes(
        min(batch, capacity),
        _step_tokens(settings, gpu_mebibytes),
        capacity,
        adjustable=chosen == "auto",
        block=None if gpu_mebibytes is None else _BLOCK_TOKENS,
    )


def _batch(settings: Settings, gpu_mebibytes: int | None) -> int:
    if settings.batch_size != "auto":
        return settings.batch_size
    if gpu_mebibytes is None:
        return _BATCH_WITHOUT_GPU
    return next(batch for least, batch in _BATCH_BY_MEMORY if gpu_mebibytes >= least)


def _step_tokens(settings: Settings, gpu_mebibytes: int | None) -> int:
    if settings.max_batch_tokens != "auto":
        tokens = settings.max_batch_tokens
    else:
        tokens = _STEP_TOKENS if gpu_mebibytes is not None else _STEP_TOKENS_WITHOUT_GPU
    # An image is scheduled as a whole, so the largest one must fit into a step.
    return max(tokens, Mode(1024, 640, most_tiles=9).most_tokens)


def page_room() -> int:
    """Pages that fit into this machine's memory and the folder for prepared pages."""
    by_memory = usable_memory() // 3 // _PAGE_BYTES
    return max(1, min(by_memory, free_bytes() // 2 // _PAGE_BYTES))


def _with_ahead(batch: int) -> int:
    return batch + max(2, batch // 2)


def fitted(sizes: Sizes, cache_tokens: int) -> Sizes:
    """``sizes`` with ``capacity`` limited to what a KV cache of ``cache_tokens`` holds."""
    if not sizes.adjustable:
        return sizes
    pages = max(1, cache_tokens // _PAGE_TOKENS)
    return replace(sizes, capacity=min(sizes.capacity, _with_ahead(pages)))
