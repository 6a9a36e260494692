"""CPU time and memory of processes by kind."""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """CPU seconds and MiB of resident memory by kind of process."""

    cpu_s: dict[str, float]
    memory_mib: dict[str, float]


def usage(roots: Iterable[int]) -> Usage:
    """What the living processes ``roots`` and their descendants have used."""
    cpu, memory = Counter[str](), Counter[str]()
    for process in _trees(roots):
        try:
            times, kind = process.cpu_times(), _kind(process)
            cpu[kind] += times.user + times.system
            memory[kind] += process.memory_info().rss / 2**20
        except psutil.NoSuchProcess:
            continue
    return Usage(dict(cpu), dict(memory))


def wait_cpu(process_id: int) -> tuple[int, float]:
    """Wait for a child; returns its exit status and the CPU seconds of it and its children."""
    _, status, used = os.wait4(process_id, 0)
    return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime


def _trees(roots: Iterable[int]) -> Iterable[psutil.Process]:
    for root in roots:
        process = psutil.Process(root)
        yield process
        yield from process.children(recursive=True)


def _kind(process: psutil.Process) -> str:
    words = process.cmdline()
    for word, kind in (("pages", "pages"), ("control", "control"), ("start", "supervisor")):
        if word in words:
            return kind
    if "valkey-server" in process.name():
        return "broker"
    return "store" if "weed" in process.name() else "helpers"
