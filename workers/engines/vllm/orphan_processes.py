"""Ends what an engine leaves behind: its own workers, where it died or hangs before them."""

import contextlib
import multiprocessing
import os
import signal
from pathlib import Path

#: How vLLM names the process of an engine.
_ENGINE = "EngineCore"


def engine_processes() -> list[int]:
    """The engine processes of this one, and all below them."""
    engines = [child.pid for child in multiprocessing.active_children() if _ENGINE in child.name]
    return [found for pid in engines if pid for found in (pid, *_below(pid))]


def _below(pid: int) -> list[int]:
    found = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, listing.read_text().split()):
                found += [child, *_below(child)]
    return found


def kill_all(pids: list[int]) -> None:
    """Kill those that still live; a process that hangs ignores everything milder."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
