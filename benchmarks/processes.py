"""CPU time of this process and everything that it started."""

import os

import psutil


def cpu_seconds() -> float:
    """User and system seconds of this process and its living descendants."""
    me = psutil.Process(os.getpid())
    total = _own(me)
    for child in me.children(recursive=True):
        try:
            total += _own(child)
        except psutil.NoSuchProcess:
            continue
    return total


def cpu_by_command() -> dict[str, float]:
    """The same, by a short name of each process."""
    found: dict[str, float] = {}
    me = psutil.Process(os.getpid())
    for process in [me, *me.children(recursive=True)]:
        try:
            name = _name(process)
            found[name] = found.get(name, 0.0) + _own(process)
        except psutil.NoSuchProcess:
            continue
    return found


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _name(process: psutil.Process) -> str:
    words = process.cmdline()
    for word in ("pages", "control", "start", "bare"):
        if word in words:
            return word
    return "broker" if "valkey-server" in process.name() else "producer"
