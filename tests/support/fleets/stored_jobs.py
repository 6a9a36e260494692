"""Jobs written to a store as a fleet would have written them."""

import hashlib
import time
from collections.abc import Sequence
from typing import Any

import pymupdf

from shared.domain.job_ids import JobIdentity
from shared.domain.records.base import to_json
from shared.domain.records.job import Manifest, Source
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import EngineInfo, PageResult
from shared.domain.tasks import Task
from shared.jobs.job_store import JobStore
from shared.jobs.reduction import reduce_job

ENGINE = EngineInfo(name="fake", model="fake-1", version="1")


def page_result(manifest: Manifest, page: int, **values: Any) -> PageResult:
    """The good result of a page, with ``values`` over the defaults."""
    plain = {"status": "ok", "markdown": f"text of page {page}", "engine": ENGINE, **values}
    return PageResult(job_id=manifest.job_id, page=page, task=Task.MARKDOWN, **plain)


def open_job(jobs: JobStore, pages: int, data: bytes | None = None, **values: Any) -> Manifest:
    """A job without results; ``data`` is its source, by default a PDF of ``pages`` pages."""
    data = data if data is not None else pdf_bytes(pages)
    options = PageOptions(engine="fake", model="fake-1")
    sha256 = values.pop("sha256", hashlib.sha256(data).hexdigest())
    source = values.pop("source", Source(name="book.pdf", key="source.pdf", bytes=len(data)))
    manifest = Manifest(
        job_id=JobIdentity(sha256, options).job_id,
        source=source,
        sha256=sha256,
        page_count=pages,
        options=options,
        created=round(time.time(), 3),
        **values,
    )
    folder = f"jobs/{manifest.job_id}/"
    jobs.store.put(folder + source.key, data)
    jobs.mark_open(manifest.job_id, manifest.created)
    jobs.store.put(folder + "job.json", to_json(manifest))
    return manifest


def ended_job(jobs: JobStore, results: Sequence[dict[str, Any]] = ({},), **values: Any) -> Manifest:
    """A job with ``_DONE``; each of ``results`` overrides the values of one good page."""
    manifest = open_job(jobs, len(results), **values)
    for page, changes in enumerate(results, start=1):
        jobs.write_result(page_result(manifest, page, **changes))
    reduce_job(jobs, manifest, cancelling=True)
    return manifest


def pdf_bytes(pages: int) -> bytes:
    """A PDF whose pages have a short text each; the same bytes each time."""
    with pymupdf.open() as document:
        for number in range(1, pages + 1):
            page = document.new_page(width=300, height=400)
            page.insert_text((40, 60), f"page {number}", fontsize=20)
        data: bytes = document.tobytes(no_new_id=True)
    return data
