"""Exports the document of a finished job: its figures, then its files in order of writing.

Markdown is written last, so a reader that sees it finds every file it refers to.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from shared.document import assemble
from shared.document.outcome import PageScores
from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.domain.page_ranges import expand
from shared.domain.records import Done, Manifest, RenderOptions
from shared.jobs.job_store import JobStore


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


@dataclass(frozen=True)
class Exported:
    """Status and counts of the document, which depend on the render options, and its scores."""

    done: Done
    scores: PageScores


def export(job: FinishedJob, sink: Sink, name: str) -> Exported:
    """Write ``name``/figures/ and the document's files; the same bytes each time.

    Raises StoreUnreachable.
    """
    jobs, manifest = job.jobs, job.manifest
    states = jobs.page_states(manifest.job_id)
    results = jobs.results(manifest.job_id, expand(manifest.page_ranges), states)
    figure_base = f"{quote(name.rpartition('/')[2])}/"
    document = assemble(manifest, results, job.render, figure_base=figure_base)
    _export_figures(jobs, manifest, sink, name)
    for suffix, file in document.files.items():
        sink.write(f"{name}.{suffix}", file.data)
    return Exported(Done(status=document.status, counts=document.counts), document.scores)


def _export_figures(jobs: JobStore, manifest: Manifest, sink: Sink, name: str) -> None:
    """Copy the crops; skips keys that are no figure names: the store is untrusted."""
    for key in jobs.store.list(object_keys.figures(manifest.job_id)):
        figure = key.rsplit("/", 1)[1]
        if not object_keys.is_figure_name(figure):
            continue
        with suppress(NotFound):  # the job is being purged
            sink.write(f"{name}/figures/{figure}", jobs.store.get(key))
