"""Makes the row of one document, or the reason why it has none."""

from collections.abc import Iterable
from typing import Any

from producer.corpora.collection_index import Entry
from producer.corpora.failures import failed_pages
from producer.corpora.journal import shortened
from producer.delivery.export import MOST_PAGES_IN_MEMORY, StoredFigures
from shared.document.exports import ExportInput
from shared.document.exports.jsonl import document_record
from shared.domain.collections.export_records import FailedDocument
from shared.domain.collections.records import Member
from shared.domain.errors import (
    NotFound,
    PagefleetError,
    TooManyPages,
    TransientError,
)
from shared.domain.formats.export_formats import DEFAULT
from shared.domain.page_ranges import count, expand
from shared.domain.records.job import Manifest
from shared.domain.records.page_result import PageResult
from shared.jobs.job_store import JobStore

#: The code of a document whose job has not ended.
WAITING = "waiting"
FEW_PAGES = 3
Row = dict[str, Any]


def row_of(jobs: JobStore, entry: Entry) -> Row | FailedDocument:
    """The row of a document whose job ended with text; raises TransientError only."""
    member = entry.member
    try:
        return _row(jobs, member)
    except TransientError:
        raise
    except Exception as error:  # a damaged document must not stop the others
        known = error if isinstance(error, PagefleetError) else None
        code = known.code if known else PagefleetError.code
        reason = known.message if known else f"{type(error).__name__}: {error}"
        return failed(member, code, reason)


def failed(member: Member, code: str, reason: str) -> FailedDocument:
    """The entry of a document without a row."""
    return FailedDocument(
        document=member.input, job_id=member.job_id, code=code, reason=shortened(reason)
    )


def _row(jobs: JobStore, member: Member) -> Row | FailedDocument:
    if member.job_id is None:
        return failed(member, member.code or PagefleetError.code, member.message or "")
    manifest, done = jobs.manifest(member.job_id), jobs.done(member.job_id)
    if manifest is None:
        raise NotFound("the job was purged")
    if done is None:
        return failed(member, WAITING, "the job has not ended")
    if done.status in ("failed", "cancelled"):
        return _without_text(jobs, member, f"the job ended as {done.status}")
    return document_record(_export_input(jobs, _as_member(manifest, member)))


def _without_text(jobs: JobStore, member: Member, how: str) -> FailedDocument:
    """The first failed page says why."""
    assert member.job_id is not None
    first = next(failed_pages(jobs, member.input, member.job_id), None)
    if first is None:
        return failed(member, PagefleetError.code, how)
    return failed(member, first.code, f"{how}; page {first.page}: {first.reason}")


def _as_member(manifest: Manifest, member: Member) -> Manifest:
    """The manifest with the name and address that the document has in the collection."""
    uri = member.input if member.input.startswith("s3://") else None
    source = manifest.source.model_copy(update={"name": member.name, "uri": uri})
    return manifest.model_copy(update={"source": source})


def _export_input(jobs: JobStore, manifest: Manifest) -> ExportInput:
    pages = count(manifest.page_ranges)
    if pages > MOST_PAGES_IN_MEMORY:
        raise TooManyPages(
            f"a row is held in memory and has at most {MOST_PAGES_IN_MEMORY} pages, not {pages}; "
            f"the text is in the store: pagefleet fetch {manifest.job_id} -o DIR"
        )
    results = tuple(_results(jobs, manifest, pages))
    figures = StoredFigures(jobs, manifest)
    return ExportInput(manifest, results, manifest.render, DEFAULT, figures.figure)


def _results(jobs: JobStore, manifest: Manifest, pages: int) -> Iterable[PageResult]:
    """The results of all pages in order; those of a few are read without a listing."""
    job_id, numbers = manifest.job_id, expand(manifest.page_ranges)
    if pages > FEW_PAGES:
        return jobs.results(job_id, numbers, jobs.page_states(job_id))
    return [_result(jobs, job_id, page) for page in numbers]


def _result(jobs: JobStore, job_id: str, page: int) -> PageResult:
    result = jobs.result(job_id, page)
    if result is None:
        raise NotFound(f"the result of page {page} was deleted")
    return result
