"""Loads vLLM's asynchronous engine, sends requests to it, and detects its death."""

import asyncio
import itertools
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Any

from shared.domain.errors import EngineDead, EngineFailed, EngineUnavailable, PagefleetError
from workers.engines.deepseek.completion import Completion
from workers.engines.vllm.crash_report import CrashReport
from workers.engines.vllm.oom_batch_limit import OomBatchLimit
from workers.engines.vllm.orphan_processes import engine_processes, kill_all
from workers.engines.vllm.stall_watchdog import StallWatchdog
from workers.engines.vllm.versions import logits_processor

log = logging.getLogger("pagefleet.engine")
SHUTDOWN_S = 3


class AsyncEngine:
    """One engine process and its tensor-parallel workers; used on one event loop."""

    def __init__(
        self, report: CrashReport, oom_limit: OomBatchLimit, batch: int, stall_s: float
    ) -> None:
        self._report = report
        self._oom_limit = oom_limit
        self._batch = batch
        self._stall_s = stall_s
        self._watchdog = StallWatchdog(stall_s, self._stalled)
        self._engine: Any = None
        self._watch: asyncio.Task[None] | None = None
        self._dead: str | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._numbers = itertools.count()

    def load(self, arguments: dict[str, Any], version: str) -> None:
        """Start the engine; raises EngineUnavailable. Blocks the loop, which is idle until then."""
        self._report.begin()
        try:
            self._engine = _load(arguments, version)
        except PagefleetError:
            raise
        except Exception as error:  # the boundary to vLLM, whose start fails in many ways
            raise EngineUnavailable(self._advice(error)) from error
        self._watch = asyncio.ensure_future(self._watchdog.watch())

    def _advice(self, error: Exception) -> str:
        cause = self._report.error or f"{type(error).__name__}: {error}"
        if "memory" in cause.casefold():
            return (
                f"the GPU is too small or in use ({cause}): free it, or lower "
                "gpu_memory_utilization, batch_size or max_model_len"
            )
        return f"vLLM could not start: {cause}; see its log above"

    @property
    def cache_tokens(self) -> int:
        """Tokens that the engine's KV cache holds."""
        cache = self._engine.vllm_config.cache_config
        return int((cache.num_gpu_blocks or 0) * cache.block_size)

    @property
    def longest(self) -> int:
        """Most tokens of prompt and answer together."""
        return int(self._engine.vllm_config.model_config.max_model_len)

    @property
    def tokenizer(self) -> Any:
        """The model's tokenizer."""
        return self._engine.get_tokenizer()

    def new_name(self) -> str:
        """A unique name for a page in flight."""
        return f"page-{next(self._numbers)}"

    async def ask(self, page: Any, params: Any, name: str) -> Completion:
        """One complete answer; raises EngineFailed for the page, EngineDead for the engine.

        ``page``: from ``page_input``. ``params``: from ``sampling_params``.
        """
        ids: list[int] = []
        reason = "error"
        async with aclosing(self.stream(page, params, name)) as outputs:
            async for output in outputs:
                ids.extend(output.token_ids)
                reason = output.finish_reason or reason
        if reason in ("abort", "error"):
            raise EngineFailed(f"the engine aborted the page ({reason})")
        return Completion(tuple(ids), str(reason), len(page["prompt_token_ids"]))

    async def stream(self, page: Any, params: Any, name: str) -> AsyncGenerator[Any]:
        """An answer, output by output; raises what ``ask`` raises."""
        if self._dead is not None or self._engine is None:
            raise EngineDead(self._dead or "the engine has not been started")
        with self._translated_errors(), self._watchdog.page_in_flight():
            async with aclosing(self._engine.generate(page, params, name)) as outputs:
                async for output in outputs:
                    self._watchdog.note_output()
                    yield output.outputs[0]

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Register the current task, and raise vLLM's errors as PagefleetErrors."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if self._dead is not None:
                raise EngineDead(self._dead) from None
            raise
        except (PagefleetError, GeneratorExit):
            raise
        except Exception as error:  # the boundary to vLLM, which raises errors of any type
            raise self._page_or_engine_error(error) from error
        finally:
            self._tasks.discard(task)

    def _page_or_engine_error(self, error: Exception) -> PagefleetError:
        if self._engine is not None and not self._engine.errored:
            return EngineFailed(f"vLLM refused the page: {type(error).__name__}: {error}")
        if self._dead is None:
            self._dead = self._cause_of_death()
        return EngineDead(self._dead)

    def _cause_of_death(self) -> str:
        """Why the engine died; after a death from lack of memory, also halves the batch."""
        if self._report.out_of_memory:
            smaller = self._oom_limit.halve(self._batch)
            return (
                f"out of GPU memory with a batch of {self._batch} pages; "
                f"the next engine starts with {smaller}"
            )
        return self._report.error or "it ended without an error message"

    def _stalled(self) -> None:
        """Abort all pages; the worker process then ends, and with it the hanging engine."""
        self._abort_all(
            f"the engine hangs: {len(self._tasks)} pages in flight and no text came for "
            f"{self._stall_s:g} s (engine_stall_s)"
        )

    def _abort_all(self, reason: str) -> None:
        self._dead = self._dead or reason
        for task in list(self._tasks):
            task.cancel()

    async def stop(self) -> None:
        """End the engine and its processes; safe to call twice."""
        self._abort_all("the engine has been stopped; start the worker again")
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.sleep(0)
        engine, self._engine = self._engine, None
        if engine is not None:
            processes = engine_processes()
            with suppress(Exception):  # a dead engine can't shut down cleanly
                # On the loop, so that no task of vLLM runs during the shutdown.
                engine.shutdown(SHUTDOWN_S)
            kill_all(processes)


def _load(arguments: dict[str, Any], version: str) -> Any:
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    config = AsyncEngineArgs(**arguments).create_engine_config()
    from workers.engines.vllm.plugin.drafts import drafts_here

    # pagefleet's drafts apply the no-repeat rule themselves; vLLM refuses all other ones with it.
    if not drafts_here(config):
        # The finished configuration decides which model runner, and so which processor, is used.
        config.model_config.logits_processors = [logits_processor(config, version)]
    return AsyncLLM.from_vllm_config(config, disable_log_stats=arguments["disable_log_stats"])
