"""Settings for the real engine with a tiny model, and functions that find its processes."""

import json
from pathlib import Path
from typing import Any

from tests.support.engines.deepseek_checkpoint import TINY, write_checkpoint

MEBIBYTE = 1024 * 1024


def tiny_engine(folder: Path, *, cache_bytes: int = 256 * MEBIBYTE, **more: Any) -> dict[str, Any]:
    """Values for ``Settings``: a tiny model in ``folder`` with random weights."""
    arguments = {
        "dtype": "float32",
        "enforce_eager": True,
        "kv_cache_memory_bytes": cache_bytes,
        "worker_extension_cls": f"{__package__}.small_vision.SmallVision",
    }
    return {
        "engine": "vllm",
        "model": str(write_checkpoint(folder, TINY)),
        "vllm_load_format": "dummy",
        "vllm_arguments": json.dumps(arguments),
        "max_model_len": 2048,
        "bench_output_tokens": 12,
        **more,
    }


def children_of(pid: int) -> list[int]:
    """All descendants of ``pid``."""
    descendants = []
    for entry in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in entry.read_text().split():
            descendants += [int(child), *children_of(int(child))]
    return descendants


def core_of(pid: int) -> int | None:
    """The engine process among the descendants of ``pid``; None if there is none."""
    for child in children_of(pid):
        if b"EngineCore" in Path(f"/proc/{child}/cmdline").read_bytes():
            return child
    return None
