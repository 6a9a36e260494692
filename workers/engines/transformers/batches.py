"""Runs waiting requests through the model in batches; a failing page fails alone."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from shared.domain.errors import EngineDead, EngineFailed, PagefleetError
from workers.engines.deepseek.completion import Completion
from workers.engines.transformers.batch_request import BatchRequest

log = logging.getLogger("pagefleet.engine")
#: Seconds that the first request of a batch waits for others.
GATHER_S = 0.05
#: Message prefixes of driver errors; after one no kernel runs in this process any more.
_DRIVER = ("CUDA error", "CUDNN", "cuBLAS", "NCCL")

Run = Callable[[Sequence[BatchRequest]], list[Completion]]
_Waiting = tuple[BatchRequest, "asyncio.Future[Completion]"]


class Batches:
    """On one event loop; ``run`` is called in a thread, one batch at a time."""

    def __init__(self, run: Run, most: int) -> None:
        """``most``: the largest batch."""
        self._run = run
        self._most = most
        self._waiting: list[_Waiting] = []
        self._running: Sequence[_Waiting] = ()
        self._arrived = asyncio.Event()
        self._server = asyncio.ensure_future(self._serve())

    async def ask(self, request: BatchRequest) -> Completion:
        """The completion; raises EngineFailed for the page, EngineDead for the engine."""
        future: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        self._arrived.set()
        try:
            return await future
        finally:
            request.cancelled.set()

    async def stop(self) -> None:
        """End the running batch; all pending requests raise EngineDead."""
        pending = [*self._waiting, *self._running]
        for request, future in pending:
            request.cancelled.set()
            if not future.done():
                future.set_exception(EngineDead("the engine was stopped"))
        self._waiting.clear()
        self._server.cancel()
        await asyncio.gather(self._server, return_exceptions=True)

    async def _serve(self) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(GATHER_S)
            self._running = self._next_batch()
            if self._running:
                await self._serve_batch(self._running)
            self._running = ()
            if not self._waiting:
                self._arrived.clear()

    def _next_batch(self) -> list[_Waiting]:
        """The oldest request and others of its kind."""
        pending = [one for one in self._waiting if not one[0].cancelled.is_set()]
        batch = [one for one in pending if one[0].kind == pending[0][0].kind][: self._most]
        self._waiting = [one for one in pending if one not in batch]
        return batch

    async def _serve_batch(self, batch: Sequence[_Waiting]) -> None:
        results = await asyncio.to_thread(self._run_batch, [request for request, _ in batch])
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, PagefleetError):
                future.set_exception(result)
            else:
                future.set_result(result)

    def _run_batch(self, batch: Sequence[BatchRequest]) -> list[Completion | PagefleetError]:
        try:
            return list(self._run(batch))
        except Exception as error:  # the boundary to the model, which raises errors of any type
            failure = error
        if _is_driver(failure):
            return [EngineDead(f"the GPU failed: {_line(failure)}") for _ in batch]
        if len(batch) == 1:
            return [EngineFailed(f"the model failed on the page: {_line(failure)}")]
        if _is_memory(failure):
            self._most = max(1, len(batch) // 2)
            log.warning(
                "out of memory with a batch of %d pages; the batch size is now %d",
                len(batch),
                self._most,
            )
        middle = len(batch) // 2
        return [*self._run_batch(batch[:middle]), *self._run_batch(batch[middle:])]


def _is_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


def _is_driver(error: Exception) -> bool:
    return not _is_memory(error) and str(error).startswith(_DRIVER)


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:300]}"
