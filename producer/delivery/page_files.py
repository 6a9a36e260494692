"""Files that are made of the pages of the source: searchable PDF, boxes, page images."""

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from producer.delivery.stored_source import stored_source
from shared.config.settings import Settings
from shared.document.control_characters import strip_control
from shared.domain import object_keys
from shared.domain.errors import NotFound, PageError, RenderFailed, TooLarge, UsageError
from shared.domain.formats.export_formats import LAYOUT_ENDING, PDF, ExportChoice
from shared.domain.page_ranges import expand
from shared.domain.records.base import Record
from shared.domain.records.job import Manifest
from shared.domain.records.page_result import PageResult
from shared.jobs.job_store import JobStore
from shared.processes.sandbox import Sandbox, SandboxError
from shared.rendering.page_errors import page_errors
from shared.rendering.pdf_of_pages import PdfRequest
from shared.rendering.previews.boxes import boxes_picture, page_boxes, write_layout_pdf
from shared.rendering.previews.preview import preview
from shared.rendering.render_request import check_kind, render_request
from shared.rendering.searchable_pdf import write_searchable
from shared.rendering.text_layer.page_text import PageText

#: Pixels of the longer side of page images.
LONGEST_SIDE = 2000
#: Larger answers are left out; no engine gives such a one.
MAX_RAW_BYTES = 64 * 1024 * 1024
#: Seconds that one page of a whole PDF may take, on top of the limit of a single page.
PAGE_S = 2.0
PROCESSES = min(4, os.cpu_count() or 1)
AHEAD = 2 * PROCESSES
PRELOAD = ("shared.rendering.previews.boxes", "shared.rendering.searchable_pdf")

#: The end of a file's name, behind the document's name; and the file.
NamedFile = tuple[str, bytes]


@dataclass(frozen=True)
class _Job:
    """A job whose source is a local file."""

    manifest: Manifest
    results: Sequence[PageResult]
    source: Path

    @cached_property
    def kind(self) -> str:
        return self.manifest.source.key.rsplit(".", 1)[-1]


class PageFiles:
    """Makes the files of any number of jobs, with helper processes that it starts when needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._started: Sandbox | None = None

    def close(self) -> None:
        """Stop the helper processes."""
        if self._started is not None:
            self._started.close()

    def of(
        self,
        jobs: JobStore,
        manifest: Manifest,
        results: Sequence[PageResult],
        choice: ExportChoice,
    ) -> Iterator[NamedFile]:
        """The files of ``choice``; raises PagefleetError."""
        if "raw" in choice.saved:
            yield from _raw_files(jobs, results)
        if not (PDF in choice.formats or choice.layout_pdf or choice.saved & {"boxes", "pages"}):
            return
        with stored_source(jobs.store, manifest) as source:
            if source is None:
                raise UsageError(
                    "the submitted document is no longer in the store; "
                    "leave out --to pdf, --layout-pdf and --save boxes,pages"
                )
            yield from self._of_source(_Job(manifest, results, source), choice)

    def _of_source(self, job: _Job, choice: ExportChoice) -> Iterator[NamedFile]:
        if "pages" in choice.saved:
            yield from self._pictures("pages", job, self._picture)
        if "boxes" in choice.saved:
            yield from self._pictures("boxes", job, self._picture_with_boxes)
        if choice.layout_pdf:
            lines = (
                page_boxes(each.page, each.image.rotation, each.blocks) for each in job.results
            )
            yield LAYOUT_ENDING, self._whole_pdf(write_layout_pdf, job, lines)
        if PDF in choice.formats:
            yield f".{PDF.suffix}", self._whole_pdf(write_searchable, job, _texts(job.results))

    def _pictures(
        self, folder: str, job: _Job, submit: "Callable[[_Job, PageResult], Future[bytes]]"
    ) -> Iterator[NamedFile]:
        """A picture of each page that can be rendered; the ledger names the others."""
        results = iter(job.results)
        pending = deque((each.page, submit(job, each)) for each in islice(results, AHEAD))
        while pending:
            page, future = pending.popleft()
            pending.extend((each.page, submit(job, each)) for each in islice(results, 1))
            with suppress(PageError), page_errors(self._settings):
                yield f"/{folder}/{page:06d}.jpg", future.result()

    def _picture(self, job: _Job, result: PageResult) -> "Future[bytes]":
        request = render_request(job.source, job.kind, result.page, self._settings)
        return self._sandbox.submit(
            preview, request, result.image.rotation, LONGEST_SIDE,
            timeout_s=self._settings.page_timeout_s,
        )  # fmt: skip

    def _picture_with_boxes(self, job: _Job, result: PageResult) -> "Future[bytes]":
        request = render_request(job.source, job.kind, result.page, self._settings)
        boxes = page_boxes(result.page, result.image.rotation, result.blocks)
        return self._sandbox.submit(
            boxes_picture, request, boxes, LONGEST_SIDE, timeout_s=self._settings.page_timeout_s
        )

    def _whole_pdf(
        self, write: Callable[[PdfRequest, Path], None], job: _Job, pages: Iterable[Record]
    ) -> bytes:
        """The PDF that ``write`` makes of all pages of the job."""
        numbers = tuple(expand(job.manifest.page_ranges))
        limit = self._settings.page_timeout_s + PAGE_S * len(numbers)
        with tempfile.TemporaryDirectory(prefix="pagefleet-pdf-") as folder:
            lines, output = Path(folder, "pages.jsonl"), Path(folder, "pages.pdf")
            with lines.open("wb") as file:
                file.writelines(page.model_dump_json().encode() + b"\n" for page in pages)
            request = PdfRequest(
                job.source, check_kind(job.kind), numbers, output, self._settings.page_memory_mb
            )
            try:
                self._sandbox.run(write, request, lines, timeout_s=limit)
            except SandboxError as error:
                message = f"the PDF can't be written: {error.message}; fetch it with --to md"
                raise RenderFailed(message) from None
            return output.read_bytes()

    @property
    def _sandbox(self) -> Sandbox:
        if self._started is None:
            memory = self._settings.page_memory_mb
            self._started = Sandbox("pagefleet-files", PROCESSES, memory, preload=PRELOAD)
        return self._started


def _texts(results: Iterable[PageResult]) -> Iterator[PageText]:
    for each in results:
        if each.status == "ok":
            yield PageText(
                page=each.page,
                rotation=each.image.rotation,
                blocks=each.blocks,
                markdown="" if each.blocks else each.markdown,
            )


def _raw_files(jobs: JobStore, results: Iterable[PageResult]) -> Iterator[NamedFile]:
    """What the engine answered for each page; its Markdown where it has no other answer."""
    for each in results:
        if each.status != "ok":
            continue
        try:
            answer = jobs.store.get(object_keys.raw_answer(each.job_id, each.page), MAX_RAW_BYTES)
            text = strip_control(answer.decode(errors="replace"))
            yield f"/raw/{each.page:06d}.txt", text.encode()
        except (NotFound, TooLarge):
            yield f"/raw/{each.page:06d}.md", strip_control(each.markdown).encode()
