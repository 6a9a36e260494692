"""An engine that reads nothing: fixed text, configured latency, configured faults.

Tests and measurements of everything but reading use it, so its output is a contract: the line
``fake:<first 12 hex digits of the source's sha256>:<page>``.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

from shared import __version__
from shared.config.settings import Settings
from shared.domain.errors import EngineFailed
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import Block, EngineInfo
from shared.domain.tasks import Task
from workers.engines.contract import Reading, RenderedPage, RenderPlan

CAPACITY = 16
FULL_PAGE = (0, 0, 999, 999)


class FakeEngine:
    """Deterministic; the ``fake_*`` settings configure latency, failures and crashes."""

    tasks = frozenset(Task)

    def __init__(self, settings: Settings, model: str) -> None:
        self.info = EngineInfo(
            name="fake", model=model, version=__version__, revision=settings.revision
        )
        limit = settings.max_concurrency
        self.capacity = CAPACITY if limit == "auto" else limit
        self._settings = settings

    def plan(self, options: PageOptions) -> RenderPlan:
        """A small rendering, or none with ``fake_render`` off."""
        return RenderPlan(
            dpi=options.dpi or 72, longest_side=1000, pixels=self._settings.fake_render
        )

    async def start(self) -> None:
        """Nothing to load."""

    async def read(self, view: RenderedPage) -> Reading:
        """The page's line after the latency, or the configured fault."""
        self._log_reading(view)
        await asyncio.sleep(self._settings.fake_latency_ms / 1000)
        if view.page in self._settings.fake_crash_pages:
            os.kill(os.getpid(), signal.SIGKILL)
        if view.page in self._settings.fake_fail_pages:
            raise EngineFailed(f"the fake engine was told to fail page {view.page}")
        line = f"fake:{view.sha256[:12]}:{view.page}"
        if view.options.task is Task.LAYOUT:
            return Reading("", (Block(type="text", bbox=FULL_PAGE),))
        block = Block(type="text", bbox=FULL_PAGE, text=line)
        return Reading(line, (block,), prompt_tokens=1, output_tokens=len(line) // 4)

    def _log_reading(self, view: RenderedPage) -> None:
        """Append one line per reading, so that tests can count repeated work."""
        if self._settings.fake_journal is None:
            return
        line = f"{view.sha256[:12]} {view.page} {os.getpid()}\n"
        with self._settings.fake_journal.open("a") as journal:
            journal.write(line)

    async def stream(self, view: RenderedPage) -> AsyncIterator[str]:
        """The line in one piece."""
        yield (await self.read(view)).markdown

    async def stop(self) -> None:
        """Nothing to free."""
