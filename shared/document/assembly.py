"""Runs the rules over all pages and writes the document's two files as values."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

from shared.document.draft import Draft, Piece, Rule
from shared.document.outcome import count, job_status, was_cancelled
from shared.document.record import DocumentRecord, DocumentSource, ledger_entry, page_record
from shared.document.rules import ORDER
from shared.domain.cost import usage_of
from shared.domain.errors import PagefleetError
from shared.domain.page_ranges import expand, parse_ranges
from shared.domain.records import Counts, JobStatus, Manifest, PageResult, RenderOptions, to_json

Span = tuple[int, int]
_GAP = "\n\n"


@dataclass(frozen=True)
class Document:
    """A merged document: ``json`` is the UTF-8 text of a DocumentRecord."""

    markdown: str
    json: bytes
    counts: Counts
    status: JobStatus


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
    pages = tuple(_complete(manifest, results))
    markdown, spans = _join(drafts(pages, render, figure_base))
    counts = count(pages)
    cancelled = any(map(was_cancelled, pages))
    status = job_status(counts, cancelled, render.max_failed_pages)
    record = _record(manifest, render, status, counts, pages, spans)
    return Document(markdown, to_json(record), counts, status)


def drafts(
    results: Iterable[PageResult],
    render: RenderOptions,
    figure_base: str = "",
    rules: Iterable[Rule] = ORDER,
) -> Iterable[Draft]:
    """The pages after all rules: their text is harmless in any CommonMark renderer."""
    raw: Iterable[Draft] = (
        Draft(result, render, figure_base, (Piece("prose", result.markdown),)) for result in results
    )
    return reduce(lambda pages, rule: rule(pages), rules, raw)


def _complete(manifest: Manifest, results: Iterable[PageResult]) -> Iterator[PageResult]:
    ranges = parse_ranges(manifest.options.pages or f"1-{manifest.page_count}", manifest.page_count)
    found = iter(results)
    for page in expand(ranges):
        result = next(found, None)
        if result is None or result.page != page or result.job_id != manifest.job_id:
            got = "nothing" if result is None else f"page {result.page} of {result.job_id}"
            raise PagefleetError(f"expected page {page} of {manifest.job_id}, got {got}")
        yield result
    if next(found, None) is not None:
        raise PagefleetError(f"more results than pages selected in {manifest.job_id}")


def _join(pages: Iterable[Draft]) -> tuple[str, list[Span]]:
    """The Markdown, and where in it the text of each page stands."""
    parts: list[str] = []
    spans: list[Span] = []
    length = 0

    def write(text: str) -> None:
        nonlocal length
        gap = _GAP if parts else ""
        parts.append(gap + text)
        length += len(gap) + len(text)

    for draft in pages:
        text = draft.text.rstrip()
        for part in filter(None, (draft.lead, text)):
            write(part)
        spans.append((length - len(text), length))
    return ("".join(parts) + "\n" if parts else ""), spans


def _record(
    manifest: Manifest,
    render: RenderOptions,
    status: JobStatus,
    counts: Counts,
    pages: tuple[PageResult, ...],
    spans: list[Span],
) -> DocumentRecord:
    source = DocumentSource(
        name=manifest.source.name, sha256=manifest.sha256, pages=manifest.page_count
    )
    return DocumentRecord(
        job_id=manifest.job_id,
        source=source,
        options=manifest.options,
        render=render,
        status=status,
        counts=counts,
        pages=tuple(page_record(page, span) for page, span in zip(pages, spans, strict=True)),
        ledger=tuple(map(ledger_entry, pages)),
        worker_s=round(usage_of(pages).worker_s, 3),
    )
