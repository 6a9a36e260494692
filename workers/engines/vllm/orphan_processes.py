"""Kills the worker processes of an engine that died or hung before it ended them."""

import contextlib
import multiprocessing
import os
import signal
from pathlib import Path

#: Part of the name that vLLM gives to an engine's process.
_ENGINE = "EngineCore"


def engine_processes() -> list[int]:
    """Ids of this process's engine processes and of all their descendants."""
    engines = [child.pid for child in multiprocessing.active_children() if _ENGINE in child.name]
    return [each for pid in engines if pid for each in (pid, *_descendants(pid))]


def _descendants(pid: int) -> list[int]:
    descendants = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, listing.read_text().split()):
                descendants += [child, *_descendants(child)]
    return descendants


def kill_all(pids: list[int]) -> None:
    """Kill the processes that still exist; a hanging process ignores every other signal."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
