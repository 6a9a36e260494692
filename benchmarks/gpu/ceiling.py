"""Measures one engine alone on prepared pages, without queue and store."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pymupdf

from benchmarks.gpu.plan import Plan
from benchmarks.gpu.speed import middle
from benchmarks.gpu.watch import Watch
from shared.domain.records.options import PageOptions
from workers.engines.contract import RenderedPage
from workers.engines.registry import make_engine
from workers.host.cores import usable_cores
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.rendering import Renderer

#: Prepared pages that are read repeatedly; each takes up to 12 MB of shared memory.
VIEWS = 96


def measure(plan: Plan) -> dict[str, Any]:
    """Pages and tokens per second of the engine on prepared pages."""
    settings = plan.settings(engines_per_gpu=1)
    host = EngineHost(make_engine(plan.engine, settings))
    with Watch("ceiling", plan.gpus) as watch:
        before = time.monotonic()
        try:
            host.start()
            watch.say(f"loaded in {time.monotonic() - before:.0f} s")
            with _views(plan, host) as views:
                watch.say(f"prepared {len(views)} pages")
                return _read_all(plan, host, views, watch)
        finally:
            host.stop()


def _read_all(
    plan: Plan, host: EngineHost, views: list[RenderedPage], watch: Watch
) -> dict[str, Any]:
    capacity = host.engine.capacity
    with ThreadPoolExecutor(capacity) as pool:

        def read(view: RenderedPage) -> int:
            return host.submit(host.engine.read(view)).result().output_tokens

        for done in as_completed([pool.submit(read, view) for view in views[:capacity]]):
            done.result()
        begin = watch.mark()
        futures = [pool.submit(read, view) for view in islice(cycle(views), plan.pages)]
        tokens, ends = 0, []
        for done in as_completed(futures):
            tokens += done.result()
            ends.append(time.monotonic())
        end = watch.mark()
    seconds = end - begin
    watch.say(f"{plan.pages} pages in {seconds:.1f} s, {plan.pages / seconds:.2f} pages/s")
    return {
        "pages": plan.pages,
        "concurrency": capacity,
        "seconds": seconds,
        "pages_per_s": plan.pages / seconds,
        **watch.steady(middle(begin, ends)),
        "tokens_per_s": tokens / seconds,
        "tokens_per_page": tokens / plan.pages,
        "usage": watch.usage(begin, end).plain(),
    }


@contextmanager
def _views(plan: Plan, host: EngineHost) -> Iterator[list[RenderedPage]]:
    settings = plan.settings(engines_per_gpu=1)
    renderer = Renderer(settings, usable_cores())
    model = host.engine.info.model
    options = PageOptions(engine=plan.engine, model=model, exact=settings.exact)
    render_plan = host.engine.plan(options)

    def render(place: tuple[str, int]) -> RenderedPage:
        path, page = Path(place[0]), place[1]
        return renderer.render(path, "pdf", "0" * 64, page, render_plan, options).view

    try:
        with ThreadPoolExecutor(usable_cores()) as pool:
            yield list(pool.map(render, islice(_places(plan), min(VIEWS, plan.pages))))
    finally:
        renderer.close()


def _places(plan: Plan) -> Iterator[tuple[str, int]]:
    for path in plan.documents:
        with pymupdf.open(path) as document:
            count = document.page_count
        for page in range(1, count + 1):
            yield path, page
