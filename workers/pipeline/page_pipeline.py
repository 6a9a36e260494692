"""One page from its source to its result: fetch, render, read, cut figures.

The pipeline uses no broker: it gets a cancellation token, and reports every failure as an
exception of the error tree.
"""

import hashlib
import logging
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shared.domain import object_keys
from shared.domain.errors import EngineFailed, StoreUnreachable
from shared.domain.records import BBox, Figure, Manifest, PageImage, PageResult, Timings
from shared.jobs.job_store import JobStore
from workers.engines.contract import Reading, RenderedPage
from workers.inflight.cancellation import Cancellation, retry_through_outage
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.rendering import Renderer, RenderResult
from workers.pipeline.source_cache import SourceCache

log = logging.getLogger("pagefleet.page")
MAX_FIGURES = 200
MAX_MARKDOWN_CHARACTERS = 4_000_000


@dataclass(frozen=True)
class PageToRead:
    """A page of a job, the number of this attempt from 1, and what aborts it."""

    manifest: Manifest
    page: int
    attempt: int
    cancellation: Cancellation


class Pipeline:
    """The steps of a page; used by many threads at once."""

    def __init__(
        self,
        jobs: JobStore,
        cache: SourceCache,
        renderer: Renderer,
        host: EngineHost,
    ) -> None:
        self._jobs = jobs
        self._cache = cache
        self._renderer = renderer
        self._host = host

    def read(self, page: PageToRead) -> PageResult:
        """The page's result, not yet stored; its figures are stored. Raises Aborted."""
        manifest = page.manifest
        key = object_keys.source(manifest.job_id, manifest.source.key)
        kind = manifest.source.key.rsplit(".", 1)[1]
        started = time.perf_counter()
        with self._cache.fetch(key, manifest.sha256, kind, manifest.source.bytes) as source:
            timings = _with_time(Timings(), fetch=_ms_since(started))
            page.cancellation.check()
            rendered = self._render(page, source, kind)
            timings = _with_time(timings, render=rendered.render_ms, prepare=rendered.prepare_ms)
            try:
                return self._read_rendered(page, rendered, timings)
            finally:
                self._renderer.discard(rendered.view)

    def _render(self, page: PageToRead, source: Path, kind: str) -> RenderResult:
        manifest = page.manifest
        plan = self._host.engine.plan(manifest.options)
        return self._renderer.render(
            source, kind, manifest.sha256, page.page, plan, manifest.options
        )

    def _read_rendered(
        self, page: PageToRead, rendered: RenderResult, timings: Timings
    ) -> PageResult:
        view = rendered.view
        if rendered.blank:
            return self._blank_result(page, view, timings)
        started = time.perf_counter()
        reading = page.cancellation.wait_for(self._host.submit(self._host.engine.read(view)))
        engine_ms = _ms_since(started) - reading.parse_ms
        timings = _with_time(timings, engine=engine_ms, parse=reading.parse_ms)
        if len(reading.markdown) > MAX_MARKDOWN_CHARACTERS:
            raise EngineFailed(f"the engine wrote {len(reading.markdown)} characters for one page")
        started = time.perf_counter()
        figures = self._store_figures(page, view, reading)
        if reading.raw:
            raw = reading.raw[:MAX_MARKDOWN_CHARACTERS].encode(errors="replace")
            self._put(page, object_keys.raw_name(page.page), raw)
        timings = _with_time(timings, store=_ms_since(started))
        return self._ok_result(page, view, reading, figures, timings)

    def _store_figures(
        self, page: PageToRead, view: RenderedPage, reading: Reading
    ) -> tuple[Figure, ...]:
        boxes: list[BBox] = [block.bbox for block in reading.blocks if block.type == "image"]
        boxes = boxes[:MAX_FIGURES]
        if not boxes or "](figure:" not in reading.markdown:
            return ()
        crops = self._renderer.crop(view, reading.rotation, boxes)
        figures = []
        for number, (box, crop) in enumerate(zip(boxes, crops, strict=True), start=1):
            digest = hashlib.sha256(crop).hexdigest()[:12]
            name = object_keys.figure_name(page.page, number, digest)
            self._put(page, name, crop)
            figures.append(Figure(key=name, bbox=box))
        return tuple(figures)

    def _put(self, page: PageToRead, name: str, data: bytes) -> None:
        """Store a figure or an answer; waits out an outage, so that the page is not read again."""
        key = object_keys.in_job(page.manifest.job_id, name)
        retry_through_outage(
            page.cancellation,
            partial(self._jobs.store.put, key, data),
            (StoreUnreachable,),
            partial(log.warning, "waiting: %s"),
        )

    def _blank_result(self, page: PageToRead, view: RenderedPage, timings: Timings) -> PageResult:
        return PageResult(
            job_id=page.manifest.job_id,
            page=page.page,
            status="blank",
            task=page.manifest.options.task,
            image=PageImage(width=view.width, height=view.height),
            engine=self._host.engine.info,
            attempts=page.attempt,
            timings_ms=timings,
        )

    def _ok_result(
        self,
        page: PageToRead,
        view: RenderedPage,
        reading: Reading,
        figures: tuple[Figure, ...],
        timings: Timings,
    ) -> PageResult:
        return PageResult(
            job_id=page.manifest.job_id,
            page=page.page,
            status="ok",
            task=page.manifest.options.task,
            markdown=reading.markdown,
            blocks=reading.blocks,
            figures=figures,
            image=_upright_image(view, reading),
            engine=self._host.engine.info,
            finish_reason=reading.finish_reason,
            prompt_tokens=reading.prompt_tokens,
            output_tokens=reading.output_tokens,
            attempts=page.attempt,
            timings_ms=timings,
        )


def _upright_image(view: RenderedPage, reading: Reading) -> PageImage:
    """The image's size after it has been turned upright."""
    width, height = view.width, view.height
    if reading.rotation in (90, 270):
        width, height = height, width
    return PageImage(width=width, height=height, rotation=reading.rotation)


def _with_time(timings: Timings, **milliseconds: float) -> Timings:
    """``timings`` with more time in the named stages."""
    stages = {k: round(getattr(timings, k) + value, 2) for k, value in milliseconds.items()}
    return timings.model_copy(update=stages)


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
