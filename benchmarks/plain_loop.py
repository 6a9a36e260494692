"""The cpu engine without any fleet: render, read, next, as many at once as the engine holds."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.records import PageOptions
from shared.settings import Settings
from workers.cores import renderer_count
from workers.engine_host import EngineHost
from workers.engines import make_engine
from workers.rendering import Renderer

WARM_PAGES = 4


def plain_loop(settings: Settings, document: Path, pages: int) -> float:
    """Pages per second over ``document``, after a warm-up."""
    host = EngineHost(make_engine("cpu", settings))
    capacity = host.engine.capacity
    renderer = Renderer(settings, renderer_count(settings, capacity))
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
            started = time.perf_counter()
            list(pool.map(read, range(1, pages + 1)))
            return pages / (time.perf_counter() - started)
    finally:
        host.stop()
        renderer.close()
