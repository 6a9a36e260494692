"""Writes each page as one Markdown file of a folder, in the layout of OmniDocBench's evaluation.

A page of an image is ``<image stem>.md``; page 3 of ``book.pdf`` is ``book.pdf_3.md``, as
OmniDocBench names the images of such pages. A failed page has no file. The summary names every
page.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

from pydantic import Field, ValidationError

from producer.delivery.export import FinishedJob
from producer.delivery.folder_sink import FolderSink
from producer.delivery.outcome import Outcome, ended
from producer.delivery.stems import MAX_STEM_BYTES, safe_stem
from producer.intake.regular_file import read_regular
from shared.document.assembly import assemble
from shared.document.outcome import count, job_status, was_cancelled
from shared.domain.page_ranges import expand
from shared.domain.records.base import Record, to_json
from shared.domain.records.job import Counts, Done, Manifest
from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import ErrorInfo, PageResult, PageStatus

SUMMARY = "pagefleet-summary.json"
MAX_SUMMARY_BYTES = 512 * 1024 * 1024
#: Seconds between two versions of the summary while documents are written.
SUMMARY_PERIOD_S = 5.0


class PageEntry(Record):
    """One page of the summary."""

    #: The Markdown file in the folder; None for a failed page.
    file: str | None
    document: str
    sha256: str
    page: int
    job_id: str
    status: PageStatus
    #: Time from the page's fetch to its stored result.
    seconds: float
    error: ErrorInfo | None = None


class FolderSummary(Record):
    """The content of ``pagefleet-summary.json``."""

    schema_: int = Field(default=1, alias="schema")
    counts: Counts = Counts()
    #: The sum of the pages' seconds; pages are read side by side.
    seconds: float = 0.0
    pages: tuple[PageEntry, ...] = ()


class PageFolder:
    """The page files of one command; ``write_summary`` ends it."""

    def __init__(self, folder: Path, *, overwrite: bool) -> None:
        self._folder = folder
        self._sink = FolderSink(folder)
        self._overwrite = overwrite
        self._earlier = _read_summary(folder / SUMMARY)
        self._owners = {each.file: each.sha256 for each in self._earlier if each.file}
        self._entries: list[PageEntry] = []
        self._used = {_folded(Path(SUMMARY).stem)}
        self._written = time.monotonic()

    def deliver(self, word: str, job: FinishedJob) -> Outcome:
        """Write the pages of a job; raises StoreUnreachable."""
        manifest, jobs = job.manifest, job.jobs
        states = jobs.page_states(manifest.job_id)
        results = tuple(jobs.results(manifest.job_id, expand(manifest.page_ranges), states))
        entries = [self._write(manifest, each, job.render) for each in results]
        self._entries += entries
        if time.monotonic() > self._written + SUMMARY_PERIOD_S:
            self.write_summary()
        counts = count(results)
        cancelled = any(map(was_cancelled, results))
        done = Done(
            status=job_status(counts, cancelled, job.render.max_failed_pages), counts=counts
        )
        only = entries[0].file if len(entries) == 1 else None
        path = str((self._folder / only).absolute()) if only else None
        outcome = ended(word, manifest, done, path, jobs)
        return replace(outcome, file=path or str(self._folder.absolute()))

    def write_summary(self) -> None:
        """Write the summary of all pages in the folder, also of earlier commands."""
        if not self._entries:
            return
        known = {_key(each) for each in self._entries}
        files = {each.file for each in self._entries if each.file}
        kept = [
            each for each in self._earlier if _key(each) not in known and each.file not in files
        ]
        pages = tuple(sorted([*kept, *self._entries], key=lambda each: (each.document, each.page)))
        statuses = [each.status for each in pages]
        summary = FolderSummary(
            counts=Counts(
                ok=statuses.count("ok"),
                blank=statuses.count("blank"),
                failed=statuses.count("failed"),
            ),
            seconds=round(sum(each.seconds for each in pages), 3),
            pages=pages,
        )
        self._sink.write(SUMMARY, to_json(summary))
        self._written = time.monotonic()

    def _write(self, manifest: Manifest, result: PageResult, render: RenderOptions) -> PageEntry:
        file = None
        if result.status != "failed":
            data = _page_markdown(manifest, result, render)
            file = self._name(manifest, result.page, data)
            self._sink.write(file, data)
        return PageEntry(
            file=file,
            document=manifest.source.name,
            sha256=manifest.sha256,
            page=result.page,
            job_id=manifest.job_id,
            status=result.status,
            seconds=round(sum(result.timings_ms.model_dump().values()) / 1000, 3),
            error=result.error,
        )

    def _name(self, manifest: Manifest, page: int, data: bytes) -> str:
        """A name that no page of this command and no file of another document has."""
        for stem in _stems(manifest, page):
            name, folded = f"{stem}.md", _folded(stem)
            taken = not self._overwrite and self._is_taken(name, manifest.sha256, data)
            if folded not in self._used and not taken:
                self._used.add(folded)
                return name
        raise AssertionError("the names are endless")

    def _is_taken(self, name: str, sha256: str, data: bytes) -> bool:
        path = self._folder / name
        if not path.exists() or self._owners.get(name) == sha256:
            return False
        # A command that was killed wrote no summary: then equal content says whose file it is.
        return not _holds(path, data)


def _holds(path: Path, data: bytes) -> bool:
    try:
        return read_regular(path, len(data) + 1) == data
    except OSError:
        return False


def _stems(manifest: Manifest, page: int) -> Iterator[str]:
    name = manifest.source.name
    stem = safe_stem(name)
    if manifest.page_count > 1:
        end = f"_{page}"
        whole = safe_stem(f"{name}.md").encode()[: MAX_STEM_BYTES - len(end)]
        stem = whole.decode(errors="ignore") + end
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1


def _page_markdown(manifest: Manifest, result: PageResult, render: RenderOptions) -> bytes:
    """The page as a document of its own, without anchors and links to figures."""
    options = manifest.options.model_copy(update={"pages": str(result.page)})
    alone = manifest.model_copy(update={"options": options})
    without_figures = result.model_copy(update={"figures": ()})
    plain = render.model_copy(update={"page_breaks": "none"})
    return assemble(alone, [without_figures], plain).files["md"].data


def _read_summary(path: Path) -> tuple[PageEntry, ...]:
    """The pages of an earlier summary; none where there is no valid one."""
    try:
        if path.stat().st_size > MAX_SUMMARY_BYTES:
            return ()
        return FolderSummary.model_validate_json(read_regular(path, MAX_SUMMARY_BYTES)).pages
    except (OSError, ValidationError):
        return ()


def _key(entry: PageEntry) -> tuple[str, str, int]:
    return entry.sha256, entry.document, entry.page


def _folded(stem: str) -> str:
    """The stem where case and the form of accents make no difference."""
    return normalize("NFC", normalize("NFD", stem).casefold())
