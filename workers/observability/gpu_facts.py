"""Memory and load of this process's GPUs from NVIDIA's management library, if it is there."""

import importlib
import logging
from functools import cache
from typing import Any

log = logging.getLogger("pagefleet.gpu")
#: Bounds the size of a heartbeat.
MAX_GPUS = 16
MEBIBYTE = 1024 * 1024


@cache
def _library() -> Any:
    """``pynvml`` of the nvidia-ml-py package, initialised; None without a driver."""
    try:
        library = importlib.import_module("pynvml")
        library.nvmlInit()
    except Exception as error:  # not installed, no driver, no permission: these facts are optional
        log.debug("the GPUs can't be measured: %s", error)
        return None
    return library


def gpu_facts(visible: str | None) -> list[dict[str, Any]]:
    """One entry per GPU of ``visible`` (CUDA_VISIBLE_DEVICES); empty without any.

    ``used_mb`` and ``total_mb`` are mebibytes, the driver's own reserve included; ``busy`` is
    the share of the last sample period in which a kernel ran, 0 to 1; None where the driver
    does not report it (MIG).
    """
    library = _library()
    if library is None:
        return []
    try:
        return [_facts(library, index) for index in _indices(library, visible)[:MAX_GPUS]]
    except library.NVMLError as error:
        log.debug("the GPUs can't be measured: %s", error)
        return []


def _indices(library: Any, visible: str | None) -> list[int]:
    if visible is None:
        return list(range(library.nvmlDeviceGetCount()))
    return [int(part) for part in visible.split(",") if part.strip().isdigit()]


def _facts(library: Any, index: int) -> dict[str, Any]:
    handle = library.nvmlDeviceGetHandleByIndex(index)
    memory = library.nvmlDeviceGetMemoryInfo(handle)
    name = library.nvmlDeviceGetName(handle)
    return {
        "index": index,
        "name": name if isinstance(name, str) else name.decode(),
        "used_mb": memory.used // MEBIBYTE,
        "total_mb": memory.total // MEBIBYTE,
        "busy": _busy(library, handle),
    }


def _busy(library: Any, handle: Any) -> float | None:
    try:
        return float(library.nvmlDeviceGetUtilizationRates(handle).gpu) / 100
    except library.NVMLError:
        return None
