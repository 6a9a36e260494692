"""CPU time of this process and its descendants."""

import os

import psutil


def cpu_seconds() -> float:
    """User and system CPU seconds of this process and its living descendants."""
    root = psutil.Process(os.getpid())
    total = _cpu_seconds(root)
    for child in root.children(recursive=True):
        try:
            total += _cpu_seconds(child)
        except psutil.NoSuchProcess:
            continue
    return total


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
