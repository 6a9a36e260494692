"""vLLM's asynchronous engine: loading it, asking it, and noticing that it is dead."""

import asyncio
import itertools
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Any

from shared.domain.errors import EngineDead, EngineFailed, EngineUnavailable, PagefleetError
from workers.engines.deepseek.completion import Answered
from workers.engines.vllm.oom_batch_limit import Lessons
from workers.engines.vllm.orphan_processes import engine_processes, kill_all
from workers.engines.vllm.stall_watchdog import Progress
from workers.engines.vllm.versions import logits_processor

log = logging.getLogger("pagefleet.engine")
SHUTDOWN_S = 3


class Core:
    """One engine process and its tensor-parallel workers; on one event loop."""

    def __init__(self, lessons: Lessons, batch: int, stall_s: float) -> None:
        self._lessons = lessons
        self._batch = batch
        self._stall_s = stall_s
        self._progress = Progress(stall_s, self._stalled)
        self._engine: Any = None
        self._watch: asyncio.Task[None] | None = None
        self._dead: str | None = None
        self._asking: set[asyncio.Task[Any]] = set()
        self._numbers = itertools.count()

    def load(self, arguments: dict[str, Any], version: str) -> None:
        """Start the engine; raises EngineUnavailable. Blocks the loop, which has nothing else."""
        self._lessons.begin()
        try:
            self._engine = _load(arguments, version)
        except PagefleetError:
            raise
        except Exception as error:  # the edge: vLLM fails in many ways, all before the first page
            raise EngineUnavailable(self._advice(error)) from error
        self._watch = asyncio.ensure_future(self._progress.watch())

    def _advice(self, error: Exception) -> str:
        words = self._lessons.last_words() or f"{type(error).__name__}: {error}"
        if "memory" in words.casefold():
            return (
                f"the GPU is too small or in use ({words}): free it, or lower "
                "gpu_memory_utilization, batch_size or max_model_len"
            )
        return f"vLLM could not start: {words}; its own log above says more"

    @property
    def cache_tokens(self) -> int:
        """Tokens that the engine's cache holds."""
        cache = self._engine.vllm_config.cache_config
        return int((cache.num_gpu_blocks or 0) * cache.block_size)

    @property
    def longest(self) -> int:
        """Tokens of prompt and answer together."""
        return int(self._engine.vllm_config.model_config.max_model_len)

    @property
    def tokenizer(self) -> Any:
        """The model's tokenizer."""
        return self._engine.get_tokenizer()

    def new_name(self) -> str:
        """A name for a page that no other one has."""
        return f"page-{next(self._numbers)}"

    async def ask(self, asked: Any, sampling: Any, name: str) -> Answered:
        """One whole answer; raises EngineFailed for the page, EngineDead for the engine."""
        ids: list[int] = []
        reason = "error"
        async with aclosing(self.stream(asked, sampling, name)) as outputs:
            async for output in outputs:
                ids.extend(output.token_ids)
                reason = output.finish_reason or reason
        if reason in ("abort", "error"):
            raise EngineFailed(f"the engine gave the page up ({reason})")
        return Answered(tuple(ids), str(reason), len(asked["prompt_token_ids"]))

    async def stream(self, asked: Any, sampling: Any, name: str) -> AsyncGenerator[Any]:
        """An answer piece by piece; raises what ``ask`` raises."""
        if self._dead is not None or self._engine is None:
            raise EngineDead(self._dead or "the engine has not been started")
        with self._as_our_errors(), self._progress.running():
            async with aclosing(self._engine.generate(asked, sampling, name)) as outputs:
                async for output in outputs:
                    self._progress.made()
                    yield output.outputs[0]

    @contextmanager
    def _as_our_errors(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._asking.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if self._dead is not None:
                raise EngineDead(self._dead) from None
            raise
        except (PagefleetError, GeneratorExit):
            raise
        except Exception as error:  # the edge: whatever vLLM raises is the page's or the engine's
            raise self._judged(error) from error
        finally:
            self._asking.discard(task)

    def _judged(self, error: Exception) -> PagefleetError:
        if self._engine is not None and not self._engine.errored:
            return EngineFailed(f"vLLM refused the page: {type(error).__name__}: {error}")
        if self._dead is None:
            self._dead = self._lessons.learn(self._batch)
        return EngineDead(self._dead)

    def _stalled(self) -> None:
        """Every page is let go; the worker ends, and with it the engine that hangs."""
        self._let_go(
            f"the engine hangs: {len(self._asking)} pages run and no text came for "
            f"{self._stall_s:g} s (engine_stall_s)"
        )

    def _let_go(self, reason: str) -> None:
        self._dead = self._dead or reason
        for task in list(self._asking):
            task.cancel()

    async def stop(self) -> None:
        """End the engine and its processes; safe to call twice."""
        self._let_go("the engine has been stopped; start the worker again")
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.sleep(0)
        engine, self._engine = self._engine, None
        if engine is not None:
            processes = engine_processes()
            with suppress(Exception):  # a dead engine can't be shut down in order
                # On the loop, which has nothing else to do: no part of vLLM sees it half ended.
                engine.shutdown(SHUTDOWN_S)
            kill_all(processes)


def _load(arguments: dict[str, Any], version: str) -> Any:
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    config = AsyncEngineArgs(**arguments).create_engine_config()
    # Which kind of processor is needed follows from the finished configuration.
    config.model_config.logits_processors = [logits_processor(config, version)]
    return AsyncLLM.from_vllm_config(config, disable_log_stats=arguments["disable_log_stats"])
