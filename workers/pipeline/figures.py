"""Cuts the figures out of a rendered page and stores them, and the model's answer."""

import hashlib
import logging
from functools import partial

from shared.domain import object_keys
from shared.domain.errors import StoreUnreachable
from shared.domain.records.page_result import BBox, Figure
from shared.jobs.job_store import JobStore
from workers.engines.contract import Reading, RenderedPage
from workers.inflight.cancellation import retry_through_outage
from workers.pipeline.page_to_read import PageToRead
from workers.pipeline.rendering import Renderer

log = logging.getLogger("pagefleet.page")
MAX_FIGURES = 200


class FigureStore:
    """Used by many threads at once."""

    def __init__(self, jobs: JobStore, renderer: Renderer) -> None:
        self._jobs = jobs
        self._renderer = renderer

    def store(self, page: PageToRead, view: RenderedPage, reading: Reading) -> tuple[Figure, ...]:
        """Store each image block that the Markdown shows; raises Aborted."""
        boxes: list[BBox] = [block.bbox for block in reading.blocks if block.type == "image"]
        boxes = boxes[:MAX_FIGURES]
        if not boxes or "](figure:" not in reading.markdown:
            return ()
        crops = self._renderer.crop(view, reading.rotation, boxes)
        numbered = enumerate(zip(boxes, crops, strict=True), start=1)
        return tuple(self._store_one(page, number, box, crop) for number, (box, crop) in numbered)

    def store_answer(self, page: PageToRead, answer: str) -> None:
        """Store the model's answer where the engine keeps it; raises Aborted."""
        if answer:
            self._put(page, object_keys.raw_name(page.page), answer.encode(errors="replace"))

    def _store_one(self, page: PageToRead, number: int, box: BBox, crop: bytes) -> Figure:
        digest = hashlib.sha256(crop).hexdigest()[:12]
        name = object_keys.figure_name(page.page, number, digest)
        self._put(page, name, crop)
        return Figure(key=name, bbox=box)

    def _put(self, page: PageToRead, name: str, data: bytes) -> None:
        """Store a file; waits out an outage here, so that the page is not read again."""
        key = object_keys.in_job(page.manifest.job_id, name)
        retry_through_outage(
            page.cancellation,
            partial(self._jobs.store.put, key, data),
            (StoreUnreachable,),
            partial(log.warning, "waiting until the outage ends: %s"),
        )
