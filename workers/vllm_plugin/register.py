"""Adds to vLLM, in every process that runs a model, what pagefleet's engine sends to it.

vLLM calls ``register`` by its entry point group ``vllm.general_plugins``; importing this module
through the worker extension does the same where the package is not installed but only found.
Requests that are not pagefleet's go their usual way.
"""

import functools
import inspect
import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from workers.vllm_plugin.gathering import Gathering
from workers.vllm_plugin.short_cuts import cache_blocks, embeddings, images_to_encode

#: Key of vLLM's ``additional_config``: the file that names the owning process, and gets the reason
#: of a death. Only its path is configuration, as that goes into the key of compiled code.
TROUBLE = "pagefleet_trouble"
OWNER_CHECK_S = 2.0
_MODELS = {
    "vllm.model_executor.models.deepseek_ocr:DeepseekOCRForCausalLM": "_batched",
    "vllm.model_executor.models.deepseek_ocr2:DeepseekOCR2ForCausalLM": "_translated",
}
#: Steps of a worker that its wrapper has itself; it looks up all others by ``__getattr__``.
_WORKER_STEPS = ("initialize_from_config", "execute_model")
#: Where vLLM asks for every page at every token, and our short cut.
_SHORT_CUTS: dict[str, Callable[[Any], Any]] = {
    "vllm.v1.core.sched.scheduler:Scheduler._try_schedule_encoder_inputs": images_to_encode,
    "vllm.v1.core.kv_cache_manager:KVCacheManager.allocate_slots": cache_blocks,
    "vllm.v1.worker.gpu_model_runner:GPUModelRunner._gather_mm_embeddings": embeddings,
}
#: Asks before each step whether new pages have to wait.
_WAIT = "_should_throttle_prefills"
_GATHERING = "_pagefleet_gathering"
#: Not empty in the processes of pagefleet's own engines.
_ours: set[Path] = set()
_MARK = "_pagefleet_original"


class WorkerExtension:
    """Nothing by itself: naming it makes vLLM import this module in its workers."""


def register() -> None:
    """Teach both models to take bare levels, and workers to say why they die; idempotent."""
    from vllm.model_executor.models.deepencoder import Block
    from vllm.v1.engine.core import EngineCore
    from vllm.v1.worker.worker_base import WorkerWrapperBase

    for name, way in _MODELS.items():
        module, cls = name.split(":")
        _replace(getattr(import_module(module), cls), "embed_multimodal", globals()[way])
    _replace(Block, "forward", _in_one)
    for place, short_cut in _SHORT_CUTS.items():
        _shorten(place, short_cut)
    _replace(WorkerWrapperBase, "init_device", lambda original: _tied(_noting(original)))
    for method in _WORKER_STEPS:
        _replace(WorkerWrapperBase, method, _noting)
    _replace(EngineCore, "_initialize_kv_caches", lambda original: _owned(_noting(original)))
    if hasattr(EngineCore, _WAIT):
        _replace(EngineCore, _WAIT, _gathered)
    _replace(WorkerWrapperBase, "__getattr__", _noting_others)


def _shorten(place: str, short_cut: Callable[[Any], Any]) -> None:
    module, path = place.split(":")
    cls, method = path.split(".")
    owner = getattr(import_module(module), cls, None)
    if hasattr(owner, method):
        _replace(owner, method, lambda original: _where_ours(original, short_cut(original)))


def _where_ours(original: Any, shortened: Any) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return (shortened if _ours else original)(self, *args, **kwargs)

    return method


def _replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    original = getattr(owner, name)
    if not hasattr(original, _MARK):
        wrapped = functools.wraps(original)(wrap(original))
        setattr(wrapped, _MARK, original)
        setattr(owner, name, wrapped)


def original_of(method: Any) -> Any:
    """vLLM's own method behind one of ours."""
    return getattr(method, _MARK)


def _batched(original: Any) -> Any:
    def embed_multimodal(self: Any, **kwargs: Any) -> Any:
        from workers.vllm_plugin.levels import PLACE, STOCK_WHOLE, embed

        if _ours and PLACE in kwargs:
            return embed(self, _loaded(self, kwargs))
        if _ours and STOCK_WHOLE in kwargs:
            # vLLM measures the memory it needs with its own kind of input: by our way, then.
            return embed(self, _stock_pages(kwargs))
        return original(self, **kwargs)

    return embed_multimodal


def _loaded(model: Any, kwargs: dict[str, Any]) -> Any:
    from workers.vllm_plugin.levels import GRID, PLACE, SHAPE, load

    return load(model, kwargs[PLACE], kwargs[SHAPE], kwargs[GRID])


def _stock_pages(kwargs: dict[str, Any]) -> Any:
    from workers.vllm_plugin.levels import STOCK_GRID, STOCK_TILES, STOCK_WHOLE, Pages

    grids = kwargs[STOCK_GRID].cpu()
    counts = [columns * rows * (columns * rows > 1) for columns, rows in grids.tolist()]
    return Pages(kwargs[STOCK_WHOLE].split(1), kwargs[STOCK_TILES].split(counts), grids)


def _translated(original: Any) -> Any:
    def embed_multimodal(self: Any, **kwargs: Any) -> Any:
        from workers.vllm_plugin.levels import PLACE, stock_tensors

        if _ours and PLACE in kwargs:
            kwargs = stock_tensors(self, _loaded(self, kwargs))
        return original(self, **kwargs)

    return embed_multimodal


def _in_one(original: Any) -> Any:
    def forward(self: Any, x: Any) -> Any:
        if not (_ours and x.is_cuda and self.attn.use_rel_pos):
            return original(self, x)
        from workers.vllm_plugin.window_attention import block

        return block(self, x)

    return forward


def _gathered(original: Any) -> Any:
    def should_throttle_prefills(self: Any) -> bool:
        if _trouble_file(self) is None:
            return bool(original(self))
        gathering: Gathering = self.__dict__.setdefault(_GATHERING, Gathering())
        holds = gathering.holds(self.scheduler)
        if holds:
            # Else pages that wait would enter as long as there are any.
            self.scheduler.prefill_capacity_bound = False
        return holds

    return should_throttle_prefills


def _owned(original: Any) -> Any:
    """The process that plans, where another one runs the model, learns whose it is."""

    def initialize(self: Any, *args: Any, **kwargs: Any) -> Any:
        _follow_owner(self)
        return original(self, *args, **kwargs)

    return initialize


def _tied(original: Any) -> Any:
    def init_device(self: Any, *args: Any, **kwargs: Any) -> Any:
        _follow_owner(self)
        return original(self, *args, **kwargs)

    return init_device


def _follow_owner(of_ours: Any) -> None:
    """Remember that this process is one of ours, and end with its owner."""
    path = _trouble_file(of_ours)
    if path is None or path in _ours:
        return
    _ours.add(path)
    owner = int(json.loads(path.read_text("utf-8"))["owner"])
    threading.Thread(target=_follow, args=(owner,), name="owner", daemon=True).start()


def _follow(owner: int) -> None:
    """End this process after its owner has: else it would keep the GPU's memory for ever."""
    while Path(f"/proc/{owner}").exists() or not Path("/proc/self").exists():
        time.sleep(OWNER_CHECK_S)
    os._exit(1)


def _noting(original: Any) -> Any:
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        except Exception as error:
            _note(self, error)
            raise

    return step


def _noting_others(original: Any) -> Any:
    def look_up(self: Any, name: str) -> Any:
        found = original(self, name)
        if not inspect.ismethod(found):
            return found
        return functools.partial(_noting(lambda _, *args, **kwargs: found(*args, **kwargs)), self)

    return look_up


def _note(worker: Any, error: Exception) -> None:
    """Leave the first reason of a death where the engine's other side will look for it."""
    path = _trouble_file(worker)
    if path is None:
        return
    import torch

    memory = isinstance(error, torch.OutOfMemoryError)
    text = {"memory": memory, "error": f"{type(error).__name__}: {error}"[:1000]}
    with suppress(OSError, ValueError):  # then the reason stays in the log alone
        known = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**text, **known}), "utf-8")


def _trouble_file(worker: Any) -> Path | None:
    config = worker.vllm_config.additional_config
    path = config.get(TROUBLE) if isinstance(config, dict) else None
    return Path(path) if isinstance(path, str) else None


register()
