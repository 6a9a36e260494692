"""How many cores and how much memory this process may use."""

import os
from pathlib import Path

from shared.config.settings import MEBIBYTE, Settings
from shared.domain.catalogue import engine_facts

_CGROUP = Path("/sys/fs/cgroup")
#: Memory that one rendering process is expected to take at most, most of the time.
RENDERER_BYTES = 600 * MEBIBYTE


def usable_cores() -> int:
    """The smaller of the CPU affinity and the container's CPU quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _quota() or 1_000_000))


def usable_memory() -> int:
    """Bytes: the smaller of the available memory and the container's limit."""
    available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                available = int(line.split()[1]) * 1024
    except OSError:
        pass  # not Linux: use the physical size
    limit = _number(_CGROUP / "memory.max")
    return min(available, limit) if limit else available


def rendering_cores(engine: str) -> int:
    """Cores for the rendering processes beside ``engine``.

    Two of three cores where the engine uses a GPU: its own processes need cores to launch every
    GPU step, and a logical core is often one of two threads of a physical core.
    """
    cores = usable_cores()
    return max(1, cores * 2 // 3) if engine_facts(engine).owns_gpus else cores


def renderer_count(settings: Settings, engine: str, capacity: int) -> int:
    """Rendering processes for an ``engine`` that holds ``capacity`` pages."""
    if settings.num_workers != "auto":
        return settings.num_workers
    by_memory = usable_memory() // 4 // RENDERER_BYTES
    return int(max(1, min(rendering_cores(engine), capacity, by_memory)))


def _quota() -> int | None:
    try:
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        return None if quota == "max" else max(1, round(int(quota) / int(period)))
    except (OSError, ValueError):
        return None


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
