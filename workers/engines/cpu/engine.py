"""The engine without a GPU: PP-OCR and PyMuPDF's layout models in processes of one core each."""

import asyncio
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from shared.config.settings import Settings
from shared.domain.catalogue import CATALOGUE
from shared.domain.errors import (
    EngineDead,
    EngineFailed,
    EngineTimeout,
    EngineUnavailable,
    PagefleetError,
)
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import EngineInfo
from shared.processes.sandbox import (
    Sandbox,
    SandboxCrash,
    SandboxError,
    SandboxMemory,
    SandboxTimeout,
)
from workers.engines.contract import Reading, RenderedPage, RenderPlan
from workers.engines.cpu.ipc import PageReply, PageRequest
from workers.engines.cpu.ocr.weights import check_model, find_weights
from workers.host.cores import usable_cores, usable_memory

TASKS = CATALOGUE["cpu"].tasks
#: Longest side of the rendered page in pixels. Smaller pages lose words, larger ones take longer.
LONGEST_SIDE = 2000
#: Peak memory of one reading process, measured.
PROCESS_BYTES = 2_200_000_000
#: Address space of the models in MiB; ``page_memory_mb`` comes on top, for the page.
MODELS_MB = 3072
#: Seconds in which the models load, also where a page has less time.
LOAD_S = 120.0
#: Pages that are rendered ahead, so that no reading process waits for a rendered page.
AHEAD = 2
_PRELOAD = "workers.engines.cpu.single_core"
_PACKAGES = ("rapidocr", "pymupdf")


class CpuEngine:
    """Reads pages in ``num_workers`` processes; a page that kills its process fails alone."""

    tasks = TASKS

    def __init__(self, settings: Settings, model: str, niceness: int = 0) -> None:
        """Load nothing yet; raises UsageError for an unknown ``model``.

        ``niceness`` lowers the priority of the reading processes.
        """
        self.info = EngineInfo(name="cpu", model=check_model(model), version=_versions())
        self.processes = process_count(settings)
        capacity = settings.max_concurrency
        self.capacity = self.processes + AHEAD if capacity == "auto" else capacity
        #: Time limit of one page in seconds. In a new process it includes loading the models.
        self.timeout_s = settings.engine_timeout_s
        self.memory_limit_mb = MODELS_MB + settings.page_memory_mb
        self._niceness = niceness
        self._sandbox: Sandbox | None = None

    def plan(self, options: PageOptions) -> RenderPlan:
        """Pixels at the requested resolution, else at the size that reads best."""
        longest_side = None if options.dpi else LONGEST_SIDE
        return RenderPlan(dpi=options.dpi, longest_side=longest_side)

    async def start(self) -> None:
        """Load the models in every process; raises EngineUnavailable."""
        find_weights(self.info.model)
        self._sandbox = Sandbox(
            "pagefleet-cpu",
            self.processes,
            self.memory_limit_mb,
            preload=(_PRELOAD,),
            niceness=self._niceness,
        )
        from workers.engines.cpu.process import load_models

        limit_s = max(LOAD_S, self.timeout_s)
        try:
            await asyncio.gather(
                *(
                    self._call(load_models, self.info.model, timeout_s=limit_s)
                    for _ in range(self.processes)
                )
            )
        except (SandboxError, ImportError, OSError) as error:
            await self.stop()
            raise EngineUnavailable(f"the cpu engine can't start: {error}") from error

    async def read(self, view: RenderedPage) -> Reading:
        """Read one page as Markdown and blocks; raises EngineFailed."""
        from workers.engines.cpu.process import read_page

        try:
            reply: PageReply = await self._call(
                read_page, self.info.model, _request(view), timeout_s=self.timeout_s
            )
        except SandboxTimeout as error:
            raise EngineTimeout(f"reading page {view.page} {error.message}") from None
        except SandboxMemory as error:
            raise EngineFailed(f"the process that read page {view.page} {error.message}") from None
        except SandboxCrash as error:
            raise EngineFailed(f"page {view.page} ended its reading process: {error.how}") from None
        except PagefleetError:
            raise
        except Exception as error:  # the models raise undocumented errors on unusual pages
            message = f"page {view.page} could not be read: {type(error).__name__}: {error}"
            raise EngineFailed(message) from error
        return Reading(
            reply.markdown,
            blocks=reply.blocks,
            rotation=reply.rotation,
            confidence=reply.confidence,
            notes=reply.notes,
        )

    async def stream(self, view: RenderedPage) -> AsyncIterator[str]:
        """Yield the Markdown of the whole page once; raises EngineFailed."""
        yield (await self.read(view)).markdown

    async def stop(self) -> None:
        """End the processes; pages in flight raise HelperUnavailable."""
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            await asyncio.to_thread(sandbox.close)

    async def _call(self, function: Any, *args: Any, timeout_s: float) -> Any:
        if self._sandbox is None:
            raise EngineDead("the cpu engine is not running; start the worker again")
        future = self._sandbox.submit(function, *args, timeout_s=timeout_s)
        return await asyncio.wrap_future(future)


def process_count(settings: Settings) -> int:
    """Number of reading processes: one for each core that memory allows, at least one."""
    if settings.num_workers != "auto":
        return settings.num_workers
    return int(max(1, min(usable_cores(), usable_memory() // PROCESS_BYTES)))


def _request(view: RenderedPage) -> PageRequest:
    if view.pixels is None:
        raise EngineFailed(f"page {view.page} has no rendered pixels")
    return PageRequest(
        source=str(view.source),
        page=view.page,
        kind=view.kind,
        width=view.width,
        height=view.height,
        pixels=str(view.pixels),
        task=view.options.task,
        text_layer=view.options.text_layer,
    )


def _versions() -> str:
    try:
        return " ".join(f"{package}-{version(package)}" for package in _PACKAGES)
    except PackageNotFoundError as error:
        raise EngineUnavailable(
            f"the cpu engine needs {error.name}; run: pip install pagefleet"
        ) from None
