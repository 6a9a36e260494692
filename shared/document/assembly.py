"""Runs the rules over all pages of a job and writes its document in every output format."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import reduce
from pkgutil import resolve_name

from shared.document.draft import Draft, Piece, Rule
from shared.document.merged_pages import MergedPages, Span
from shared.document.outcome import (
    PageScores,
    count,
    fallback_pages,
    job_status,
    page_scores,
    was_cancelled,
)
from shared.document.page_spans import PageWriter
from shared.document.rules.order import ORDER
from shared.document.structure.merging import structured
from shared.document.structure.order import NOTATION
from shared.document.structure.order import ORDER as STRUCTURE
from shared.document.structure.text.marks import with_notes, without_page_marks
from shared.domain.errors import PagefleetError
from shared.domain.formats.output_formats import OUTPUT_FORMATS
from shared.domain.page_ranges import expand
from shared.domain.records import Counts, JobStatus, Manifest, PageResult, RenderOptions
from shared.domain.tasks import Task


@dataclass(frozen=True)
class DocumentFile:
    """One file of a document."""

    content_type: str
    data: bytes


@dataclass(frozen=True)
class Document:
    """A merged document: its files by suffix, in the order in which they must be written."""

    files: dict[str, DocumentFile]
    counts: Counts
    status: JobStatus
    scores: PageScores = field(default_factory=dict)
    #: Pages that the fallback engine read.
    fallback: tuple[int, ...] = ()


def assemble(
    manifest: Manifest,
    results: Iterable[PageResult],
    render: RenderOptions,
    figure_base: str = "",
) -> Document:
    """Merge the results of all selected pages, given in order.

    ``figure_base`` is the URL-encoded folder of ``figures/`` as seen from the Markdown file.
    Equal arguments give equal bytes. Raises PagefleetError where a page is missing, out of
    order or of another job.
    """
    merged = merge(manifest, results, render, figure_base)
    files = {
        each.suffix: DocumentFile(each.content_type, resolve_name(each.writer)(merged))
        for each in OUTPUT_FORMATS
    }
    scores, fallback = page_scores(merged.pages), fallback_pages(merged.pages)
    return Document(files, merged.counts, merged.status, scores, fallback)


def safe_text(result: PageResult, text: str, render: RenderOptions) -> str:
    """``text`` as a part of the page ``result`` after the safety rules, without an anchor."""
    (safe,) = _after(ORDER, [_draft(result, without_page_marks(text), render, "")])
    return with_notes(safe.text)


def drafts(
    results: Iterable[PageResult],
    render: RenderOptions,
    figure_base: str = "",
    rules: Iterable[Rule] = ORDER,
) -> Iterable[Draft]:
    """The pages after ``rules``: their text is safe in any CommonMark renderer."""
    return _after(
        rules, (_draft(result, result.markdown, render, figure_base) for result in results)
    )


def _draft(result: PageResult, text: str, render: RenderOptions, figure_base: str) -> Draft:
    return Draft(result, render, figure_base, (Piece("prose", text),))


def _after(rules: Iterable[Rule], raw: Iterable[Draft]) -> Iterable[Draft]:
    return reduce(lambda pages, rule: rule(pages), rules, raw)


def merge(
    manifest: Manifest,
    results: Iterable[PageResult],
    render: RenderOptions,
    figure_base: str = "",
) -> MergedPages:
    """The document before it is written in a format; see ``assemble``."""
    pages = tuple(_complete(manifest, results))
    rules = STRUCTURE if manifest.options.task is Task.MARKDOWN else ()
    whole = structured(pages, render, (*rules, *NOTATION))
    raw = [
        _draft(page, text, render, figure_base)
        for page, text in zip(pages, whole.texts, strict=True)
    ]
    markdown, spans = _join(map(_with_safe_marks, raw, _after(ORDER, raw)), render)
    counts = count(pages)
    cancelled = any(map(was_cancelled, pages))
    status = job_status(counts, cancelled, render.max_failed_pages)
    return MergedPages(
        manifest, render, status, counts, pages, markdown, spans, whole.units, whole.joins
    )


def _with_safe_marks(raw: Draft, safe: Draft) -> Draft:
    """``safe`` without its marks of pages where they hide markup from the rules.

    The text without marks is what a renderer sees, so the rules must make the same of both.
    """
    if without_page_marks(raw.text) == raw.text:
        return safe
    (plain,) = _after(ORDER, [raw.with_text(without_page_marks(raw.text))])
    return safe if without_page_marks(safe.text) == plain.text else replace(plain, lead=safe.lead)


def _complete(manifest: Manifest, results: Iterable[PageResult]) -> Iterator[PageResult]:
    remaining = iter(results)
    for page in expand(manifest.page_ranges):
        result = next(remaining, None)
        if result is None or result.page != page or result.job_id != manifest.job_id:
            got = "nothing" if result is None else f"page {result.page} of {result.job_id}"
            raise PagefleetError(f"expected page {page} of {manifest.job_id}, got {got}")
        yield result
    if next(remaining, None) is not None:
        raise PagefleetError(f"more results than pages selected in {manifest.job_id}")


def _join(pages: Iterable[Draft], render: RenderOptions) -> tuple[str, tuple[Span, ...]]:
    """The Markdown, and the span of each page's text in it."""
    writer = PageWriter(render.page_breaks)
    for draft in pages:
        writer.write(draft)
    return writer.markdown, writer.spans
