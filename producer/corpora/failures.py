"""The failure report of a collection: documents without a result and pages that failed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from producer.corpora.collection_index import CollectionIndex, Entry
from producer.corpora.lookups import look_up
from shared.domain.collections.records import Member
from shared.domain.errors import DocumentError, NotFound
from shared.domain.page_ranges import expand
from shared.jobs.collections.collection_store import CollectionStore
from shared.jobs.job_store import JobStore


@dataclass(frozen=True)
class Failure:
    """One failed page, or a document without a job; its page is then None."""

    document: str
    job_id: str | None
    page: int | None
    code: str
    reason: str

    def as_plain(self) -> dict[str, Any]:
        """JSON-ready facts."""
        return vars(self)

    def as_text(self) -> str:
        """One line for terminals."""
        page = "" if self.page is None else f" page {self.page}"
        return f"{self.document}{page}: {self.code}: {self.reason}"


def load_with_ends(jobs: JobStore, collection: CollectionStore, index: CollectionIndex) -> None:
    """Fill the index; every job without a known end is looked up in the store."""
    index.load(collection)
    waiting = index.waiting()
    known = {job_id: end for job_id, end in waiting.items() if end is not None}
    index.add_ends(look_up(jobs, collection, waiting, known))


def failures_of(jobs: JobStore, collection: CollectionStore) -> Iterator[Failure]:
    """Every failure, in the order of the documents; memory stays small."""
    with CollectionIndex() as index:
        load_with_ends(jobs, collection, index)
        for entry in index.entries():
            yield from _failures(jobs, entry)


def refusal(member: Member) -> Failure:
    """The failure of a document that was refused."""
    return Failure(member.input, None, None, member.code or "internal", member.message or "")


def _failures(jobs: JobStore, entry: Entry) -> Iterator[Failure]:
    member, end = entry.member, entry.end
    if member.job_id is None:
        yield refusal(member)
    elif end is not None and end.failed:
        try:
            yield from failed_pages(jobs, member.input, member.job_id)
        except (DocumentError, NotFound) as error:
            yield Failure(member.input, member.job_id, None, error.code, error.message)


def failed_pages(jobs: JobStore, document: str, job_id: str) -> Iterator[Failure]:
    """The failed pages of a job; raises NotFound for a job that was purged."""
    manifest = jobs.manifest(job_id)
    if manifest is None:
        raise NotFound(f"job {job_id} was purged")
    states = jobs.page_states(job_id)
    failed = [page for page in expand(manifest.page_ranges) if page in states.failed]
    for result in jobs.results(job_id, failed, states):
        if result.error is not None:
            yield Failure(document, job_id, result.page, result.error.code, result.error.message)
