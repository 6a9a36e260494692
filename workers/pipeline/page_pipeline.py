"""One page from its source to its result: fetch, render, read, cut figures.

Knows nothing of queues and leases; every failure leaves as an exception of the error tree.
"""

import hashlib
import logging
import time
from functools import partial
from pathlib import Path

from shared.domain import object_keys
from shared.domain.errors import EngineFailed, StoreUnreachable
from shared.domain.records import BBox, Figure, Manifest, PageImage, PageResult, Timings
from shared.jobs.job_store import JobStore
from workers.engines.contract import PageView, Reading
from workers.inflight import InflightPage, retry_through_outage
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.rendering import Rendered, Renderer
from workers.pipeline.source_cache import SourceCache

log = logging.getLogger("pagefleet.page")
MAX_FIGURES = 200
MAX_MARKDOWN_CHARACTERS = 4_000_000


def plus(timings: Timings, **milliseconds: float) -> Timings:
    """``timings`` with some more time in the named stages."""
    added = {k: round(getattr(timings, k) + value, 2) for k, value in milliseconds.items()}
    return timings.model_copy(update=added)


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

    def read(
        self, manifest: Manifest, page: int, attempts: int, flight: InflightPage
    ) -> PageResult:
        """The page's result, not yet stored; its figures are."""
        key = object_keys.source(manifest.job_id, manifest.source.key)
        kind = manifest.source.key.rsplit(".", 1)[1]
        started = time.perf_counter()
        with self._cache.fetch(key, manifest.sha256, kind, manifest.source.bytes) as source:
            stages = plus(Timings(), fetch=_since(started))
            flight.check()
            rendered = self._render(manifest, source, kind, page)
            stages = plus(stages, render=rendered.render_ms, prepare=rendered.prepare_ms)
            try:
                return self._look(manifest, page, attempts, flight, rendered, stages)
            finally:
                self._renderer.discard(rendered.view)

    def _render(self, manifest: Manifest, source: Path, kind: str, page: int) -> Rendered:
        plan = self._host.engine.plan(manifest.options)
        return self._renderer.render(source, kind, manifest.sha256, page, plan, manifest.options)

    def _look(
        self,
        manifest: Manifest,
        page: int,
        attempts: int,
        flight: InflightPage,
        rendered: Rendered,
        stages: Timings,
    ) -> PageResult:
        view = rendered.view
        if rendered.blank:
            return self._result(manifest, page, attempts, view, None, (), stages)
        started = time.perf_counter()
        reading = flight.wait_for(self._host.submit(self._host.engine.read(view)))
        elapsed = _since(started) - reading.parse_ms
        stages = plus(stages, engine=elapsed, parse=reading.parse_ms)
        if len(reading.markdown) > MAX_MARKDOWN_CHARACTERS:
            raise EngineFailed(f"the engine wrote {len(reading.markdown)} characters for one page")
        started = time.perf_counter()
        figures = self._store_figures(manifest, page, view, reading, flight)
        stages = plus(stages, store=_since(started))
        return self._result(manifest, page, attempts, view, reading, figures, stages)

    def _store_figures(
        self, manifest: Manifest, page: int, view: PageView, reading: Reading, flight: InflightPage
    ) -> tuple[Figure, ...]:
        boxes: list[BBox] = [block.bbox for block in reading.blocks if block.type == "image"]
        boxes = boxes[:MAX_FIGURES]
        if not boxes or "](figure:" not in reading.markdown:
            return ()
        crops = self._renderer.crop(view, reading.rotation, boxes)
        figures = []
        for number, (box, crop) in enumerate(zip(boxes, crops, strict=True), start=1):
            digest = hashlib.sha256(crop).hexdigest()[:12]
            name = object_keys.figure_name(page, number, digest)
            self._put(object_keys.in_job(manifest.job_id, name), crop, flight)
            figures.append(Figure(key=name, bbox=box))
        return tuple(figures)

    def _put(self, key: str, data: bytes, flight: InflightPage) -> None:
        """Store a figure, also through an outage: what was read is not read again for it."""
        write = partial(self._jobs.store.put, key, data)
        retry_through_outage(
            flight, write, (StoreUnreachable,), partial(log.warning, "waiting: %s")
        )

    def _result(
        self,
        manifest: Manifest,
        page: int,
        attempts: int,
        view: PageView,
        reading: Reading | None,
        figures: tuple[Figure, ...],
        stages: Timings,
    ) -> PageResult:
        common = {
            "job_id": manifest.job_id,
            "page": page,
            "task": manifest.options.task,
            "engine": self._host.engine.info,
            "attempts": attempts,
            "timings_ms": stages,
        }
        if reading is None:
            image = PageImage(width=view.width, height=view.height)
            return PageResult(status="blank", image=image, **common)
        return PageResult(
            status="ok",
            markdown=reading.markdown,
            blocks=reading.blocks,
            figures=figures,
            image=upright(view, reading),
            finish_reason=reading.finish_reason,
            prompt_tokens=reading.prompt_tokens,
            output_tokens=reading.output_tokens,
            **common,
        )


def upright(view: PageView, reading: Reading) -> PageImage:
    """The image's size after it has been turned upright."""
    width, height = view.width, view.height
    if reading.rotation in (90, 270):
        width, height = height, width
    return PageImage(width=width, height=height, rotation=reading.rotation)


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
