"""Lets questions that wait go through the model together; a bad one harms only itself."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from shared.domain.errors import EngineDead, EngineFailed, PagefleetError
from workers.engines.deepseek.completion import Answered
from workers.engines.transformers.generation_request import Asked

log = logging.getLogger("pagefleet.engine")
#: Seconds that the first question of a batch waits for others.
PATIENCE_S = 0.05
#: How the driver's own errors begin; after one nothing runs in this process any more.
_DRIVER = ("CUDA error", "CUDNN", "cuBLAS", "NCCL")

Run = Callable[[Sequence[Asked]], list[Answered]]
_Waiting = tuple[Asked, "asyncio.Future[Answered]"]


class Batches:
    """On one event loop; ``run`` is called in a thread, never twice at once."""

    def __init__(self, run: Run, most: int) -> None:
        self._run = run
        self._most = most
        self._waiting: list[_Waiting] = []
        self._running: Sequence[_Waiting] = ()
        self._arrived = asyncio.Event()
        self._server = asyncio.ensure_future(self._serve())

    async def ask(self, asked: Asked) -> Answered:
        """The answer; raises EngineFailed for the page, EngineDead for the engine."""
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        self._arrived.set()
        try:
            return await answer
        finally:
            asked.let_go.set()

    async def stop(self) -> None:
        """End the batch that runs; what waits raises EngineDead."""
        pending = [*self._waiting, *self._running]
        for asked, answer in pending:
            asked.let_go.set()
            if not answer.done():
                answer.set_exception(EngineDead("the engine was stopped"))
        self._waiting.clear()
        self._server.cancel()
        await asyncio.gather(self._server, return_exceptions=True)

    async def _serve(self) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(PATIENCE_S)
            self._running = self._next()
            if self._running:
                await self._answer(self._running)
            self._running = ()
            if not self._waiting:
                self._arrived.clear()

    def _next(self) -> list[_Waiting]:
        """The oldest question and others of its kind."""
        wanted = [one for one in self._waiting if not one[0].let_go.is_set()]
        batch = [one for one in wanted if one[0].kind == wanted[0][0].kind][: self._most]
        self._waiting = [one for one in wanted if one not in batch]
        return batch

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        found = await asyncio.to_thread(self._answers, [asked for asked, _ in batch])
        for (_, waiting), answer in zip(batch, found, strict=True):
            if waiting.done():
                continue
            if isinstance(answer, PagefleetError):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)

    def _answers(self, batch: Sequence[Asked]) -> list[Answered | PagefleetError]:
        try:
            return list(self._run(batch))
        except Exception as error:  # the edge: the model fails in ways of its own
            trouble = error
        if _is_driver(trouble):
            return [EngineDead(f"the GPU failed: {_line(trouble)}") for _ in batch]
        if len(batch) == 1:
            return [EngineFailed(f"the model failed on the page: {_line(trouble)}")]
        if _is_memory(trouble):
            self._most = max(1, len(batch) // 2)
            log.warning("out of memory with %d pages; from now on %d", len(batch), self._most)
        middle = len(batch) // 2
        return [*self._answers(batch[:middle]), *self._answers(batch[middle:])]


def _is_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


def _is_driver(error: Exception) -> bool:
    return not _is_memory(error) and str(error).startswith(_DRIVER)


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:300]}"
