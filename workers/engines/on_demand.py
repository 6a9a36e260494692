"""Starts an engine with its first page, for a worker that may never need it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import EngineInfo
from shared.domain.tasks import Task
from workers.engines.contract import Engine, Reading, RenderedPage, RenderPlan


class EngineOnDemand:
    """Makes the engine for its first plan, and starts it for its first page."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: Engine | None = None
        #: The start that all pages wait for; made anew after a failed one.
        self._start: asyncio.Task[None] | None = None

    @property
    def info(self) -> EngineInfo:
        """See Engine; makes it."""
        return self._engine.info

    @property
    def tasks(self) -> frozenset[Task]:
        """See Engine; makes it."""
        return self._engine.tasks

    @property
    def capacity(self) -> int:
        """See Engine; makes it."""
        return self._engine.capacity

    @property
    def _engine(self) -> Engine:
        with self._lock:  # threads of several pages ask for it
            self._made = self._made or self._make()
            return self._made

    def plan(self, options: PageOptions) -> RenderPlan:
        """See Engine; raises what making the engine raises."""
        return self._engine.plan(options)

    async def start(self) -> None:
        """Nothing yet."""

    async def read(self, view: RenderedPage) -> Reading:
        """See Engine; also raises what its ``start`` raises."""
        await self._started()
        return await self._engine.read(view)

    async def stream(self, view: RenderedPage) -> AsyncIterator[str]:
        """See Engine; also raises what its ``start`` raises."""
        await self._started()
        async for piece in self._engine.stream(view):
            yield piece

    async def _started(self) -> None:
        """Wait for the start; a cancelled page does not cancel it, because others wait too."""
        if self._start is None or (self._start.done() and _failed(self._start)):
            self._start = asyncio.create_task(self._engine.start())
        await asyncio.shield(self._start)

    async def stop(self) -> None:
        """Stop the engine if it was made."""
        if self._start is not None:
            self._start.cancel()
        if self._made is not None:
            await self._made.stop()


def _failed(start: "asyncio.Task[None]") -> bool:
    return start.cancelled() or start.exception() is not None
