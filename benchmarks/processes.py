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


def cpu_by_command() -> dict[str, float]:
    """The CPU seconds of ``cpu_seconds`` by a short name of each process."""
    seconds: dict[str, float] = {}
    root = psutil.Process(os.getpid())
    for process in [root, *root.children(recursive=True)]:
        try:
            name = _name(process)
            seconds[name] = seconds.get(name, 0.0) + _cpu_seconds(process)
        except psutil.NoSuchProcess:
            continue
    return seconds


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _name(process: psutil.Process) -> str:
    words = process.cmdline()
    for word in ("pages", "control", "start", "bare"):
        if word in words:
            return word
    return "broker" if "valkey-server" in process.name() else "producer"
