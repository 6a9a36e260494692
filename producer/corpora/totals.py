"""Counts the documents and pages of a collection from its parts, without reading a job."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.domain.collections.records import End, MemberCounts
from shared.domain.records import Counts

#: Every status of a document, in the order in which they are shown.
STATUSES = ("ok", "partial", "failed", "cancelled", "waiting", "refused")
#: The job and the number of pages of each document, by its key.
Documents = Mapping[str, tuple[str | None, int]]


def documents_of(parts: Iterable[MemberCounts]) -> Documents:
    """The documents of all parts; of several rows with the same key the last one counts."""
    found: dict[str, tuple[str | None, int]] = {}
    for part in parts:
        found.update(zip(part.key, zip(part.job_id, part.pages, strict=True), strict=True))
    return found


@dataclass(frozen=True)
class Totals:
    """Sums over all documents; two documents with equal content count twice."""

    #: Documents by status.
    documents: Counter[str]
    #: Selected pages of the documents that were not refused.
    pages: int
    #: Pages of ended documents.
    counts: Counts
    #: Jobs without a known end.
    waiting: frozenset[str] = field(repr=False)


def totals_of(documents: Documents, ends: Mapping[str, End]) -> Totals:
    """The sums for these documents and ends."""
    statuses, waiting = Counter[str](), set[str]()
    pages = ok = blank = failed = 0
    for job_id, selected in documents.values():
        pages += selected
        end = ends.get(job_id) if job_id else None
        if end is not None and end.status != "open":
            statuses[end.status] += 1
            ok, blank, failed = ok + end.ok, blank + end.blank, failed + end.failed
        elif job_id:
            waiting.add(job_id)
            statuses["waiting"] += 1
        else:
            statuses["refused"] += 1
    counts = Counts(ok=ok, blank=blank, failed=failed)
    return Totals(statuses, pages, counts, frozenset(waiting))
