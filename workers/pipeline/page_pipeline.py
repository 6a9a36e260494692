"""One page from its source to its result: fetch, render, read, store figures, judge.

The pipeline uses no broker: it gets a cancellation token, and reports every failure as an
exception of the error tree.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from shared.domain import object_keys
from shared.domain.errors import EngineFailed
from shared.domain.records.page_result import PageResult, Timings
from shared.jobs.job_store import JobStore
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.figures import FigureStore
from workers.pipeline.page_judgement import judged
from workers.pipeline.page_results import blank_result, ok_result
from workers.pipeline.page_to_read import PageToRead
from workers.pipeline.rendering import Renderer, RenderResult
from workers.pipeline.source_cache import SourceCache

MAX_MARKDOWN_CHARACTERS = 4_000_000


class Pipeline:
    """The steps of a page; used by many threads at once."""

    def __init__(
        self,
        jobs: JobStore,
        cache: SourceCache,
        renderer: Renderer,
        host: EngineHost,
    ) -> None:
        self._cache = cache
        self._renderer = renderer
        self._host = host
        self._figures = FigureStore(jobs, renderer)

    def read(self, page: PageToRead) -> PageResult:
        """The page's result, not yet stored; its figures are stored. Raises Aborted."""
        manifest = page.manifest
        key = object_keys.source(manifest.job_id, manifest.source.key)
        kind = manifest.source.key.rsplit(".", 1)[1]
        started = time.perf_counter()
        with self._cache.fetch(key, manifest.sha256, kind, manifest.source.bytes) as source:
            fetch_ms = _ms_since(started)
            page.cancellation.check()
            rendered = self._render(page, source, kind)
            spent = {
                "fetch": fetch_ms,
                "render": rendered.render_ms,
                "prepare": rendered.prepare_ms,
            }
            try:
                return self._read_rendered(page, rendered, spent)
            finally:
                self._renderer.discard(rendered.view)

    def _render(self, page: PageToRead, source: Path, kind: str) -> RenderResult:
        manifest = page.manifest
        plan = self._host.engine.plan(manifest.options)
        return self._renderer.render(
            source, kind, manifest.sha256, page.page, plan, manifest.options
        )

    def _read_rendered(
        self, page: PageToRead, rendered: RenderResult, spent: Mapping[str, float]
    ) -> PageResult:
        """``spent``: milliseconds of the stages so far."""
        view = rendered.view
        if rendered.blank:
            return blank_result(page, view, self._host.engine.info, _timings(spent))
        started = time.perf_counter()
        reading = page.cancellation.wait_for(self._host.submit(self._host.engine.read(view)))
        engine_ms = _ms_since(started) - reading.parse_ms
        if len(reading.markdown) > MAX_MARKDOWN_CHARACTERS:
            raise EngineFailed(f"the engine wrote {len(reading.markdown)} characters for one page")
        started = time.perf_counter()
        figures = self._figures.store(page, view, reading)
        self._figures.store_answer(page, reading.raw[:MAX_MARKDOWN_CHARACTERS])
        stages = {"engine": engine_ms, "parse": reading.parse_ms, "store": _ms_since(started)}
        timings = _timings({**spent, **stages})
        result = ok_result(page, view, reading, self._host.engine.info, figures, timings)
        return judged(result, reading, rendered)


def _timings(spent: Mapping[str, float]) -> Timings:
    return Timings(**{stage: round(value, 2) for stage, value in spent.items()})


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
