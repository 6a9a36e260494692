"""Counts the documents and pages of a collection from its parts, without reading a job."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.domain.collections.records import End, MemberCounts
from shared.domain.cost import Usage
from shared.domain.records.job import Counts

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
    #: Pages and worker seconds of the ended jobs of which these are known; each job counts once.
    usage: Usage
    #: Jobs without a known end.
    waiting: frozenset[str] = field(repr=False)


def totals_of(documents: Documents, ends: Mapping[str, End]) -> Totals:
    """The sums for these documents and ends."""
    ended = list[End]()
    waiting, refused = list[str](), 0
    for job_id, _ in documents.values():
        end = ends.get(job_id) if job_id else None
        if end is not None and end.status != "open":
            ended.append(end)
        elif job_id:
            waiting.append(job_id)
        else:
            refused += 1
    statuses = Counter[str](end.status for end in ended)
    statuses.update(waiting=len(waiting), refused=refused)
    pages = sum(selected for _, selected in documents.values())
    return Totals(statuses, pages, _counts(ended), _usage(ended), frozenset(waiting))


def _counts(ended: Sequence[End]) -> Counts:
    return Counts(
        ok=sum(end.ok for end in ended),
        blank=sum(end.blank for end in ended),
        failed=sum(end.failed for end in ended),
    )


def _usage(ended: Sequence[End]) -> Usage:
    known = {end.job_id: end for end in ended if end.worker_s is not None}.values()
    pages = sum(end.ok + end.blank + end.failed for end in known)
    return Usage(pages, sum(end.worker_s or 0.0 for end in known))
