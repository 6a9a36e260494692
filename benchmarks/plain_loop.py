"""Runs the CPU engine without a fleet: renders and reads as many pages at once as it accepts."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import cpu_seconds
from shared.config.settings import Settings
from shared.domain.records.options import PageOptions
from workers.engines.registry import make_engine
from workers.host.cores import renderer_count
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.rendering import Renderer

#: Pages that are read before the measurement.
WARM_UP_PAGES = 4


class Speed(NamedTuple):
    """Pages per second, and CPU seconds per page of all processes together."""

    pages_per_s: float
    cpu_s: float


def timed(work: Callable[[], object], pages: int) -> Speed:
    """The speed of ``work`` on ``pages`` pages.

    Its processes must run before and after it, because only living processes are counted.
    """
    cpu_before, started = cpu_seconds(), time.perf_counter()
    work()
    return Speed(pages / (time.perf_counter() - started), (cpu_seconds() - cpu_before) / pages)


def plain_loop(settings: Settings, document: Path, pages: int) -> Speed:
    """The speed on the first ``pages`` pages of ``document``, after a warm-up."""
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
            list(pool.map(read, range(1, min(WARM_UP_PAGES, pages) + 1)))
            return timed(lambda: list(pool.map(read, range(1, pages + 1))), pages)
    finally:
        host.stop()
        renderer.close()
