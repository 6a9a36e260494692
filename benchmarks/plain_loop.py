"""The cpu engine without any fleet: render, read, next, as many at once as the engine holds."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import cpu_seconds
from shared.config.settings import Settings
from shared.domain.records import PageOptions
from workers.engines.registry import make_engine
from workers.host.cores import renderer_count
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.rendering import Renderer

WARM_PAGES = 4


class Speed(NamedTuple):
    """How fast pages were read, and the CPU seconds that one took in all processes together."""

    pages_per_s: float
    cpu_s: float


def timed(work: Callable[[], object], pages: int) -> Speed:
    """The speed of ``work`` on ``pages`` pages; every process of it lives before and after."""
    used, started = cpu_seconds(), time.perf_counter()
    work()
    return Speed(pages / (time.perf_counter() - started), (cpu_seconds() - used) / pages)


def plain_loop(settings: Settings, document: Path, pages: int) -> Speed:
    """The speed over ``document``, after a warm-up."""
    host = EngineHost(make_engine("cpu", settings))
    capacity = host.engine.capacity
    renderer = Renderer(settings, renderer_count(settings, "cpu", capacity))
    options = PageOptions(engine="cpu", model=host.engine.info.model)

    def read(page: int) -> None:
        plan = host.engine.plan(options)
        rendered = renderer.render(document, "pdf", "0" * 64, page, plan, options)
        try:
            host.submit(host.engine.read(rendered.view)).result()
        finally:
            renderer.discard(rendered.view)

    try:
        host.start()
        with ThreadPoolExecutor(capacity) as pool:
            list(pool.map(read, range(1, min(WARM_PAGES, pages) + 1)))
            return timed(lambda: list(pool.map(read, range(1, pages + 1))), pages)
    finally:
        host.stop()
        renderer.close()
