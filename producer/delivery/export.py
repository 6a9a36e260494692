"""Exports the document of a finished job: its figures, then its files in order of writing.

Markdown is written last, so a reader that sees it finds every file it refers to.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import quote

from shared.config.settings import Settings
from shared.document.assembly import assemble
from shared.document.exports import ExportInput
from shared.document.outcome import PageScores
from shared.domain import object_keys
from shared.domain.errors import NotFound, TooLarge, TooManyPages
from shared.domain.formats.export_formats import DEFAULT, ExportChoice
from shared.domain.formats.output_formats import MARKDOWN
from shared.domain.page_ranges import count, expand
from shared.domain.records.job import Done, Manifest
from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import PageResult
from shared.jobs.job_store import JobStore

if TYPE_CHECKING:
    from producer.delivery.page_files import PageFiles

#: Larger figures are left out; a page in its largest size needs less.
MAX_FIGURE_BYTES = 512 * 1024 * 1024
#: Pages of a document in another format than Markdown; the results of so many need half a gigabyte.
MOST_PAGES_IN_MEMORY = 20_000


class Sink(Protocol):
    """Receives the files of exported documents."""

    def write(self, key: str, data: bytes | BinaryIO) -> None:
        """Write or replace one file, whole or not at all; ``key`` is relative, with slashes.

        Large contents come as an open file.
        """
        ...


@dataclass(frozen=True)
class FinishedJob:
    """A job with ``_DONE`` and the render options for its document."""

    jobs: JobStore
    manifest: Manifest
    render: RenderOptions
    choice: ExportChoice = DEFAULT
    #: Writes what needs the pages of the source; None where the choice has nothing of it.
    page_files: "PageFiles | None" = None


@contextmanager
def open_page_files(settings: Settings, choice: ExportChoice) -> "Iterator[PageFiles | None]":
    """What writes the files of ``choice`` that need the pages of the source; None without any."""
    if not choice.has_page_files:
        yield None
        return
    # Imported here, because loading the renderer takes longer than most commands run.
    from producer.delivery.page_files import PageFiles

    with closing(PageFiles(settings)) as page_files:
        yield page_files


@dataclass(frozen=True)
class Exported:
    """Status and counts of the document, which depend on the render options, and its scores."""

    done: Done
    scores: PageScores
    #: Pages that the fallback engine read.
    fallback: tuple[int, ...] = ()


def export(job: FinishedJob, sink: Sink, name: str) -> Exported:
    """Write ``name``/figures/ and the document's files; the same bytes each time.

    Raises StoreUnreachable, and TooManyPages for a format that holds all pages in memory.
    """
    jobs, manifest = job.jobs, job.manifest
    needs_all = job.page_files is not None or any(each.writer for each in job.choice.formats)
    results: Iterable[PageResult] = _results(job)
    if needs_all:
        _check_pages(manifest)
        results = whole = tuple(results)
    figure_base = f"{quote(name.rpartition('/')[2])}/"
    with assemble(manifest, results, job.render, figure_base=figure_base) as document:
        if needs_all:
            _write_formats(job, whole, sink, name)
        if job.choice.markdown or "figures" in job.choice.saved:
            _export_figures(jobs, manifest, sink, name)
        for suffix, file in document.files.items():
            if job.choice.markdown or suffix != MARKDOWN.suffix:
                sink.write(f"{name}.{suffix}", file.open() if file.is_large else file.data)
    done = Done(status=document.status, counts=document.counts)
    return Exported(done, document.scores, document.fallback)


def _results(job: FinishedJob) -> Iterator[PageResult]:
    """The results of all selected pages, as they are read."""
    job_id = job.manifest.job_id
    states = job.jobs.page_states(job_id)
    return job.jobs.results(job_id, expand(job.manifest.page_ranges), states)


def _check_pages(manifest: Manifest) -> None:
    pages = count(manifest.page_ranges)
    if pages > MOST_PAGES_IN_MEMORY:
        raise TooManyPages(
            f"--to with other formats than md, --save and --layout-pdf hold a document in memory "
            f"and take at most {MOST_PAGES_IN_MEMORY} pages; this one has {pages}: submit it in "
            f"parts with --pages, or fetch it with --to md"
        )


def _write_formats(
    job: FinishedJob, results: tuple[PageResult, ...], sink: Sink, name: str
) -> None:
    for suffix, data in _other_formats(job, results):
        sink.write(f"{name}.{suffix}", data)
    if job.page_files is not None:
        for ending, data in job.page_files.of(job.jobs, job.manifest, results, job.choice):
            sink.write(f"{name}{ending}", data)


def _other_formats(
    job: FinishedJob, results: tuple[PageResult, ...]
) -> Iterator[tuple[str, bytes]]:
    """The suffix and the bytes of each export."""
    stored = StoredFigures(job.jobs, job.manifest)
    exported = ExportInput(job.manifest, results, job.render, job.choice, stored.figure)
    for each in (each for each in job.choice.formats if each.writer):
        yield each.suffix, resolve_name(each.writer)(exported)


@dataclass(frozen=True)
class StoredFigures:
    """The figures of a job, for exports; the store is untrusted."""

    jobs: JobStore
    manifest: Manifest

    def figure(self, name: str) -> bytes | None:
        """The crop with this file name; None where there is none or it is too large."""
        if not object_keys.is_figure_name(name):
            return None
        key = f"{object_keys.figures(self.manifest.job_id)}{name}"
        with suppress(NotFound, TooLarge):
            return self.jobs.store.get(key, MAX_FIGURE_BYTES)
        return None


def _export_figures(jobs: JobStore, manifest: Manifest, sink: Sink, name: str) -> None:
    """Copy the crops; skips keys that are no figure names: the store is untrusted."""
    stored = StoredFigures(jobs, manifest)
    for key in jobs.store.list(object_keys.figures(manifest.job_id)):
        figure = key.rsplit("/", 1)[1]
        data = stored.figure(figure)
        if data is not None:  # else it is no figure, or the job is being purged
            sink.write(f"{name}/figures/{figure}", data)
