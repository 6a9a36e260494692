"""Ties an engine's processes to the worker process that owns them: shared lifetime, crash report.

vLLM's ``additional_config`` names a crash report file. It contains the owner's process id, and the
first error of a dying engine is added to it.
"""

import functools
import inspect
import json
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

#: Key of ``additional_config``. Its value is only a path, because vLLM hashes the configuration
#: into the cache key of compiled code.
CRASH_REPORT_KEY = "pagefleet_crash_report"
OWNER_CHECK_S = 2.0
#: Crash reports of the engines in this process; empty in every process that is not pagefleet's.
owned_reports: set[Path] = set()


def in_pagefleet_engine() -> bool:
    """Whether this process belongs to an engine that pagefleet started."""
    return bool(owned_reports)


def end_with_owner(original: Any) -> Any:
    """``original``, which first makes this process end together with its owner."""

    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        _follow_owner(self)
        return original(self, *args, **kwargs)

    return wrapper


def _follow_owner(part: Any) -> None:
    """``part``: a part of vLLM that has a ``vllm_config``."""
    path = crash_report_path(part)
    if path is None or path in owned_reports:
        return
    owned_reports.add(path)
    owner = int(json.loads(path.read_text("utf-8"))["owner"])
    threading.Thread(target=_exit_after, args=(owner,), name="owner", daemon=True).start()


def _exit_after(owner: int) -> None:
    """Exit when the owner is gone; otherwise this process would hold the GPU's memory."""
    while Path(f"/proc/{owner}").exists() or not Path("/proc/self").exists():
        time.sleep(OWNER_CHECK_S)
    os._exit(1)


def report_errors(original: Any) -> Any:
    """``original``, whose errors are written to the crash report."""

    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        except Exception as error:
            _write_report(self, error)
            raise

    return wrapper


def end_with_owner_and_report_errors(original: Any) -> Any:
    """Both wrappers, for the first method that an engine process calls."""
    return end_with_owner(report_errors(original))


def report_errors_of_methods(original: Any) -> Any:
    """``__getattr__`` whose methods write their errors to the crash report."""

    def wrapper(self: Any, name: str) -> Any:
        value = original(self, name)
        if not inspect.ismethod(value):
            return value
        return functools.partial(
            report_errors(lambda _, *args, **kwargs: value(*args, **kwargs)), self
        )

    return wrapper


def _write_report(worker: Any, error: Exception) -> None:
    """Add the first error to the crash report; later ones are consequences of it."""
    path = crash_report_path(worker)
    if path is None:
        return
    import torch

    memory = isinstance(error, torch.OutOfMemoryError)
    report = {"memory": memory, "error": f"{type(error).__name__}: {error}"[:1000]}
    with suppress(OSError, ValueError):  # the error is still in vLLM's log
        existing = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**report, **existing}), "utf-8")


def crash_report_path(part: Any) -> Path | None:
    """The crash report of the engine that ``part`` belongs to; None if it is not pagefleet's."""
    config = part.vllm_config.additional_config
    path = config.get(CRASH_REPORT_KEY) if isinstance(config, dict) else None
    return Path(path) if isinstance(path, str) else None
