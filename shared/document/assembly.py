"""Runs the rules over all pages of a job and writes its document in every output format."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import reduce
from itertools import tee
from pkgutil import resolve_name

from shared.document.document_file import DocumentFile
from shared.document.draft import Draft, Piece, Rule
from shared.document.merged_pages import MergedPage, MergedPages
from shared.document.outcome import PageScores, Tally, job_status
from shared.document.page_spans import PageWriter
from shared.document.rare_collections import rare_collections
from shared.document.rules.order import ORDER
from shared.document.structure.merging import PageText, StructuredPages
from shared.document.structure.order import NOTATION
from shared.document.structure.order import ORDER as STRUCTURE
from shared.document.structure.text.marks import with_notes, without_page_marks
from shared.document.structure.units import Join
from shared.domain.errors import PagefleetError
from shared.domain.formats.output_formats import OUTPUT_FORMATS
from shared.domain.page_ranges import expand
from shared.domain.records.job import Counts, JobStatus, Manifest
from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import PageResult
from shared.domain.tasks import Task


@dataclass(frozen=True)
class Document:
    """A merged document: its files by suffix, in the order in which they must be written."""

    files: dict[str, DocumentFile]
    counts: Counts
    status: JobStatus
    scores: PageScores = field(default_factory=dict)
    #: Pages that the fallback engine read.
    fallback: tuple[int, ...] = ()
    #: Worker seconds of all pages.
    worker_s: float = 0.0

    def __enter__(self) -> "Document":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the memory and the disk of its files."""
        for file in self.files.values():
            file.close()


@rare_collections()
def assemble(
    manifest: Manifest,
    results: Iterable[PageResult],
    render: RenderOptions,
    figure_base: str = "",
) -> Document:
    """Merge the results of all selected pages, given in order.

    ``figure_base`` is the URL-encoded folder of ``figures/`` as seen from the Markdown file.
    Equal arguments give equal bytes. Raises PagefleetError where a page is missing, out of
    order or of another job. Leave the document's ``with`` block when its files were read.
    """
    merging = Merging(manifest, results, render, figure_base)
    files = {each.suffix: DocumentFile(each.content_type) for each in OUTPUT_FORMATS}
    document = Document(
        files,
        merging.counts,
        merging.status,
        merging.scores,
        tuple(merging.fallback),
        merging.worker_s,
    )
    with ExitStack() as undo:
        undo.push(document)
        writers = [
            resolve_name(each.writer)(merging, files[each.suffix]) for each in OUTPUT_FORMATS
        ]
        for page in merging.pages():
            for writer in writers:
                writer.write(page)
        for writer in writers:
            writer.end(merging.joins())
        undo.pop_all()
    return document


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


class Merging:
    """The document before it is written in a format; a PageStream. See ``assemble``.

    All results are read at once; what memory does not hold lies in temporary files.
    """

    def __init__(
        self,
        manifest: Manifest,
        results: Iterable[PageResult],
        render: RenderOptions,
        figure_base: str = "",
    ) -> None:
        self.manifest, self.render = manifest, render
        self._figure_base = figure_base
        rules = STRUCTURE if manifest.options.task is Task.MARKDOWN else ()
        tally = Tally()
        complete = _counted(_complete(manifest, results), tally)
        self._structured = StructuredPages(complete, render, (*rules, *NOTATION))
        self.counts, self.worker_s, self.scores = tally.counts, tally.worker_s, tally.scores
        self.fallback = tally.fallback
        self.status = job_status(self.counts, tally.cancelled, render.max_failed_pages)

    def pages(self) -> Iterator[MergedPage]:
        """See PageStream."""
        writer = PageWriter(self.render.page_breaks)
        last: PageText | None = None
        for text, draft in self._drafts():
            writer.write(draft)
            if last is not None:
                yield _merged_page(last, writer, is_last=False)
            last = text
        if last is not None:
            yield _merged_page(last, writer, is_last=True)

    def joins(self) -> Iterator[Join]:
        """See PageStream."""
        return self._structured.joins()

    def _drafts(self) -> Iterator[tuple[PageText, Draft]]:
        """Each page with its safe text."""
        texts, others = tee(self._structured.texts())
        plain = (
            _draft(each.result, without_page_marks(each.text), self.render, self._figure_base)
            for each in others
        )
        for text, safe in zip(texts, _after(ORDER, plain), strict=True):
            yield text, _with_safe_marks(text.text, safe)


def _counted(results: Iterable[PageResult], tally: Tally) -> Iterator[PageResult]:
    for result in results:
        tally.add(result)
        yield result


def _merged_page(page: PageText, writer: PageWriter, *, is_last: bool) -> MergedPage:
    return MergedPage(
        page.result, *writer.take(page.result.page, is_last=is_last), units=page.units
    )


def merge(
    manifest: Manifest,
    results: Iterable[PageResult],
    render: RenderOptions,
    figure_base: str = "",
) -> MergedPages:
    """The whole document in memory; see ``assemble``."""
    merging = Merging(manifest, results, render, figure_base)
    pages = tuple(merging.pages())
    return MergedPages(
        manifest,
        render,
        merging.status,
        merging.counts,
        tuple(page.result for page in pages),
        "".join(page.markdown for page in pages),
        tuple(page.span for page in pages),
        tuple(unit for page in pages for unit in page.units),
        tuple(merging.joins()),
    )


def _with_safe_marks(text: str, safe: Draft) -> Draft:
    """``safe`` with the marks of pages that its raw ``text`` has, unless they hide markup.

    The text without marks is what a renderer sees, so the rules must make the same of both.
    """
    plain = without_page_marks(text)
    if plain == text:
        return safe
    if plain.strip() == safe.text:  # the rules found nothing to change
        return safe.with_text(text.strip())
    (marked,) = _after(ORDER, [safe._replace(pieces=(Piece("prose", text),))])
    return marked._replace(lead=safe.lead) if without_page_marks(marked.text) == safe.text else safe


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
