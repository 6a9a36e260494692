"""Merged documents of pages with given texts."""

from collections.abc import Sequence
from typing import Any

from shared.document.assembly import Document, assemble
from shared.domain.job_ids import JobIdentity
from shared.domain.records.job import Manifest
from shared.domain.records.job import Source as StoredSource
from shared.domain.records.options import PageBreaks, PageOptions, RenderOptions
from shared.domain.records.page_result import Figure, PageResult
from tests.support.fleets.stored_jobs import page_result

OPTIONS = PageOptions(engine="fake", model="fake-1")


def manifest(page_count: int, **options: Any) -> Manifest:
    """A job about a document of ``page_count`` pages."""
    chosen = OPTIONS.model_copy(update=options)
    return Manifest(
        job_id=JobIdentity("a" * 64, chosen).job_id,
        source=StoredSource(name="a.pdf", key="source.pdf", bytes=1),
        sha256="a" * 64,
        page_count=page_count,
        options=chosen,
        created=1.0,
    )


def figures(page: int, count: int) -> tuple[Figure, ...]:
    """The figures of a page as a worker names them."""
    return tuple(
        Figure(key=f"figures/{page:06d}-{number:02d}-0123456789ab.png", bbox=(0, 0, 9, 9))
        for number in range(1, count + 1)
    )


def merged(
    texts: Sequence[str],
    page_breaks: PageBreaks = "comment",
    figure_count: int = 0,
    figure_base: str = "",
) -> Document:
    """The document of ok pages with ``texts``, each with ``figure_count`` figures."""
    job = manifest(len(texts))
    results = [
        page_result(job, page, markdown=text, figures=figures(page, figure_count))
        for page, text in enumerate(texts, start=1)
    ]
    return assemble(job, results, RenderOptions(page_breaks=page_breaks), figure_base)


def markdown_of(document: Document) -> str:
    """The Markdown of ``document``."""
    return document.files["md"].data.decode()


def json_of(document: Document) -> bytes:
    """The DocumentRecord of ``document`` as it is written."""
    return document.files["json"].data


def body(text: str, **values: Any) -> str:
    """The Markdown of a document with one page and without page breaks."""
    return markdown_of(merged([text], "none", **values)).removesuffix("\n")


def results_of(job: Manifest, *changes: dict[str, Any]) -> list[PageResult]:
    """Results of pages 1, 2, …; each of ``changes`` has the fields that differ from an ok page."""
    return [page_result(job, page, **values) for page, values in enumerate(changes, start=1)]
