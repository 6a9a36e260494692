"""How many pages an engine is given at once, and how many tokens a step may have."""

from dataclasses import dataclass, replace

from shared.config.settings import Settings
from workers.engines.deepseek.modes import Mode
from workers.host.cores import usable_memory
from workers.host.scratch import free_bytes

#: Pages that a GPU of at least so many MiB decodes at once. What a step costs the engine's process
#: grows more slowly with them than what it costs the GPU, which then waits less.
_BATCH_BY_MEMORY = ((70_000, 384), (36_000, 256), (20_000, 128), (0, 64))
_BATCH_WITHOUT_GPU = 4
#: Tokens of a page on average: A4 in gundam mode and its answer.
_PAGE_TOKENS = 2300
#: The largest prepared page: in colour, with nine tiles.
_PAGE_BYTES = 3 * (1024 * 1024 + 9 * 640 * 640)
_STEP_TOKENS, _STEP_TOKENS_WITHOUT_GPU = 8192, 2048
#: Tokens of a block of a GPU's cache: four times vLLM's own, as blocks are counted in Python.
_BLOCK_TOKENS = 64


@dataclass(frozen=True)
class Sizes:
    """What the engine is built for."""

    #: Sequences decoded at once.
    batch: int
    #: Tokens of one step; also the most that one page's image may have.
    step_tokens: int
    #: Pages in flight: those decoded, and those being drawn meanwhile.
    capacity: int
    #: False where a person chose ``capacity``.
    adjustable: bool
    #: Tokens of a block of the cache; None leaves that to vLLM.
    block: int | None = None


def plan_sizes(
    settings: Settings, gpu_mebibytes: int | None, limit: int | None, room: int
) -> Sizes:
    """Sizes for a GPU of ``gpu_mebibytes``, None without one.

    ``limit``: the largest batch that has not run out of memory yet, None where none has.
    ``room``: pages that this machine's own memory holds.
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
        wanted = settings.max_batch_tokens
    else:
        wanted = _STEP_TOKENS if gpu_mebibytes is not None else _STEP_TOKENS_WITHOUT_GPU
    # An image enters as a whole, so the largest one must fit into a step.
    return max(wanted, Mode(1024, 640, most_tiles=9).most_tokens)


def page_room() -> int:
    """Pages that this machine's memory and the room for prepared pages can hold."""
    by_memory = usable_memory() // 3 // _PAGE_BYTES
    return max(1, min(by_memory, free_bytes() // 2 // _PAGE_BYTES))


def _with_ahead(batch: int) -> int:
    return batch + max(2, batch // 2)


def fitted(sizes: Sizes, cache_tokens: int) -> Sizes:
    """``sizes`` for an engine whose cache holds ``cache_tokens``."""
    if not sizes.adjustable:
        return sizes
    pages = max(1, cache_tokens // _PAGE_TOKENS)
    return replace(sizes, capacity=min(sizes.capacity, _with_ahead(pages)))
