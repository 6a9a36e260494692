"""Exports the document of a finished job: its figures, then its files in order of writing.

Markdown is written last, so a reader that sees it finds every file it refers to.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from shared.config.settings import Settings
from shared.document.assembly import assemble
from shared.document.exports import ExportInput
from shared.document.outcome import PageScores
from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.domain.formats.export_formats import DEFAULT, ExportChoice
from shared.domain.formats.output_formats import MARKDOWN
from shared.domain.page_ranges import expand
from shared.domain.records import Done, Manifest, PageResult, RenderOptions
from shared.jobs.job_store import JobStore

if TYPE_CHECKING:
    from producer.delivery.page_files import PageFiles


class Sink(Protocol):
    """Receives the files of exported documents."""

    def write(self, key: str, data: bytes) -> None:
        """Write or replace one file, whole or not at all; ``key`` is relative, with slashes."""
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

    Raises StoreUnreachable.
    """
    jobs, manifest = job.jobs, job.manifest
    states = jobs.page_states(manifest.job_id)
    results = tuple(jobs.results(manifest.job_id, expand(manifest.page_ranges), states))
    figure_base = f"{quote(name.rpartition('/')[2])}/"
    document = assemble(manifest, results, job.render, figure_base=figure_base)
    for suffix, data in _other_formats(job, results):
        sink.write(f"{name}.{suffix}", data)
    if job.page_files is not None:
        for ending, data in job.page_files.of(jobs, manifest, results, job.choice):
            sink.write(f"{name}{ending}", data)
    if job.choice.markdown or "figures" in job.choice.saved:
        _export_figures(jobs, manifest, sink, name)
    for suffix, file in document.files.items():
        if job.choice.markdown or suffix != MARKDOWN.suffix:
            sink.write(f"{name}.{suffix}", file.data)
    done = Done(status=document.status, counts=document.counts)
    return Exported(done, document.scores, document.fallback)


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
        """The crop with this file name; None where there is none."""
        if not object_keys.is_figure_name(name):
            return None
        with suppress(NotFound):
            return self.jobs.store.get(f"{object_keys.figures(self.manifest.job_id)}{name}")
        return None


def _export_figures(jobs: JobStore, manifest: Manifest, sink: Sink, name: str) -> None:
    """Copy the crops; skips keys that are no figure names: the store is untrusted."""
    for key in jobs.store.list(object_keys.figures(manifest.job_id)):
        figure = key.rsplit("/", 1)[1]
        if not object_keys.is_figure_name(figure):
            continue
        with suppress(NotFound):  # the job is being purged
            sink.write(f"{name}/figures/{figure}", jobs.store.get(key))
