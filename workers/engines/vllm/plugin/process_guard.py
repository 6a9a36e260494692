"""Whose process this is: our engines know their owner, end with it and say why they die.

vLLM's ``additional_config`` names a file of the owner. It holds the owner's process id, and gets
the reason of a death.
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

#: Key of ``additional_config``. Only a path is configuration, as that goes into the key of compiled
#: code.
TROUBLE = "pagefleet_trouble"
OWNER_CHECK_S = 2.0
#: Not empty in the processes of pagefleet's own engines.
ours: set[Path] = set()


def is_ours() -> bool:
    """Whether this process belongs to one of pagefleet's engines."""
    return bool(ours)


def owned(original: Any) -> Any:
    """``original``, after which the process knows its owner."""

    def begin(self: Any, *args: Any, **kwargs: Any) -> Any:
        _follow_owner(self)
        return original(self, *args, **kwargs)

    return begin


def _follow_owner(of_ours: Any) -> None:
    """Remember that this process is one of ours, and end with its owner."""
    path = trouble_file(of_ours)
    if path is None or path in ours:
        return
    ours.add(path)
    owner = int(json.loads(path.read_text("utf-8"))["owner"])
    threading.Thread(target=_follow, args=(owner,), name="owner", daemon=True).start()


def _follow(owner: int) -> None:
    """End this process after its owner has: else it would keep the GPU's memory for ever."""
    while Path(f"/proc/{owner}").exists() or not Path("/proc/self").exists():
        time.sleep(OWNER_CHECK_S)
    os._exit(1)


def noting(original: Any) -> Any:
    """``original``, whose errors are noted for the owner."""

    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        except Exception as error:
            _note(self, error)
            raise

    return step


def noting_others(original: Any) -> Any:
    """The same for the methods that ``original`` looks up by name."""

    def look_up(self: Any, name: str) -> Any:
        found = original(self, name)
        if not inspect.ismethod(found):
            return found
        return functools.partial(noting(lambda _, *args, **kwargs: found(*args, **kwargs)), self)

    return look_up


def _note(worker: Any, error: Exception) -> None:
    """Leave the first reason of a death where the engine's other side will look for it."""
    path = trouble_file(worker)
    if path is None:
        return
    import torch

    memory = isinstance(error, torch.OutOfMemoryError)
    text = {"memory": memory, "error": f"{type(error).__name__}: {error}"[:1000]}
    with suppress(OSError, ValueError):  # then the reason stays in the log alone
        known = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**text, **known}), "utf-8")


def trouble_file(of_ours: Any) -> Path | None:
    """The file of the owner of a part of vLLM; None in engines of others."""
    config = of_ours.vllm_config.additional_config
    path = config.get(TROUBLE) if isinstance(config, dict) else None
    return Path(path) if isinstance(path, str) else None
