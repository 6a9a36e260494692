"""Runs an engine on its own event loop with a real renderer, for tests of single pages."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.config.settings import Settings
from shared.domain.records.options import PageOptions
from workers.engines.contract import Engine, Reading, RenderedPage
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.rendering import Renderer

READ_S = 240.0
SHA = "5e" * 32


@dataclass(frozen=True)
class Bench:
    """Renders pages like the worker, and reads them with the engine."""

    engine: Engine
    host: EngineHost
    renderer: Renderer

    def options(self, **more: Any) -> PageOptions:
        """Page options for this engine."""
        info = self.engine.info
        return PageOptions(**{"engine": info.name, "model": info.model, **more})

    @contextmanager
    def view(self, source: Path, page: int = 1, **options: Any) -> Iterator[RenderedPage]:
        """One rendered page; removes its files afterwards."""
        page_options = self.options(**options)
        kind = source.suffix.removeprefix(".")
        plan = self.engine.plan(page_options)
        rendered = self.renderer.render(source, kind, SHA, page, plan, page_options)
        try:
            yield rendered.view
        finally:
            self.renderer.discard(rendered.view)

    def begin(self, view: RenderedPage) -> "Future[Reading]":
        """Start reading a page; returns at once."""
        return self.host.submit(self.engine.read(view))

    def read(self, source: Path, page: int = 1, **options: Any) -> Reading:
        """Read one page."""
        with self.view(source, page, **options) as view:
            return self.begin(view).result(READ_S)

    def read_together(
        self, source: Path, pages: Sequence[int], **options: Any
    ) -> dict[int, Reading]:
        """Read pages concurrently, started in the given order."""
        with _views(self, source, pages, options) as views:
            futures = {page: self.begin(view) for page, view in views.items()}
            return {page: future.result(READ_S) for page, future in futures.items()}

    def stream(self, source: Path, page: int = 1, **options: Any) -> list[str]:
        """The pieces of a page's streamed text."""
        with self.view(source, page, **options) as view:
            return self.host.submit(_pieces(self.engine, view)).result(READ_S)


async def _pieces(engine: Engine, view: RenderedPage) -> list[str]:
    return [piece async for piece in engine.stream(view)]


@contextmanager
def _views(
    bench: Bench, source: Path, pages: Sequence[int], options: dict[str, Any]
) -> Iterator[dict[int, RenderedPage]]:
    opened = [bench.view(source, page, **options) for page in pages]
    views: dict[int, RenderedPage] = {}
    try:
        for page, manager in zip(pages, opened, strict=True):
            views[page] = manager.__enter__()
        yield views
    finally:
        for manager in opened[: len(views)]:
            manager.__exit__(None, None, None)


@contextmanager
def running(
    engine: Engine, settings: Settings, renderer: Renderer | None = None
) -> Iterator[Bench]:
    """Start the engine, and stop it after the block; a given ``renderer`` stays open."""
    host = EngineHost(engine)
    used = renderer or Renderer(settings, 1)
    try:
        host.start()
        yield Bench(engine, host, used)
    finally:
        host.stop()
        if renderer is None:
            used.close()


def on_a_loop(engine: Engine, *steps: str) -> None:
    """Call the named methods (start, stop) in the given order on one loop."""

    async def call() -> None:
        for step in steps:
            await getattr(engine, step)()

    asyncio.run(call())
