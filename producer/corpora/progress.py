"""Progress of a collection: counted from its parts, with the pages of open jobs from the broker."""

import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from producer.corpora.lookups import look_up
from producer.corpora.totals import STATUSES, Totals, documents_of, totals_of
from producer.status.pace import duration, pace
from shared.broker.dispatch_state import DispatchState
from shared.broker.job_state import JobProgress
from shared.console.printable import printable
from shared.domain.collections.folding import latest_ends
from shared.domain.collections.records import End
from shared.domain.cost import Usage
from shared.domain.errors import BrokerUnreachable
from shared.domain.lanes import PRIORITIES
from shared.domain.records.job import Counts
from shared.jobs.collections.collection_store import CollectionStore
from shared.jobs.job_store import JobStore

#: Jobs without a known end that one command looks up in the store, and in the broker.
MOST_LOOKUPS = 200
#: Seconds over which the speed is measured.
WINDOW_S = 300.0


@dataclass(frozen=True)
class CollectionProgress:
    """What ``status --collection`` shows."""

    name: str
    totals: Totals
    #: Pages with a result, also of documents that have not ended.
    counts: Counts
    pages_per_s: float | None
    usage: Usage

    @property
    def eta_s(self) -> float | None:
        """Seconds until all pages that are submitted should be read."""
        left = self.totals.pages - self.counts.total
        return round(max(left, 0) / self.pages_per_s, 1) if self.pages_per_s else None

    def as_plain(self) -> dict[str, Any]:
        """JSON-ready facts."""
        documents = self.totals.documents
        pages = self.usage.pages
        return {
            "collection": self.name,
            "documents": {
                "total": documents.total(),
                **{status: documents[status] for status in STATUSES},
            },
            "pages": self.totals.pages,
            "done": self.counts.total,
            "counts": self.counts.model_dump(),
            "pages_per_s": self.pages_per_s,
            "eta_s": self.eta_s,
            "worker_seconds_per_page": round(self.usage.worker_s / pages, 6) if pages else None,
            **self.usage.as_plain(),
        }

    def as_text(self) -> str:
        """One line for terminals."""
        documents, counts = self.totals.documents, self.counts
        by_status = ", ".join(f"{documents[each]} {each}" for each in STATUSES if documents[each])
        facts = [f"{counts.ok} ok, {counts.blank} blank, {counts.failed} failed"]
        if self.pages_per_s:
            facts.append(f"{self.pages_per_s:.1f} pages/s, eta {duration(self.eta_s or 0)}")
        if self.usage.pages:
            facts.append(f"{self.usage.worker_s / self.usage.pages:.3f} worker seconds a page")
        if self.usage.cost is not None:
            facts.append(f"cost {self.usage.cost:.4f}")
        return printable(
            f"{self.name}  {documents.total()} documents ({by_status})  "
            f"{counts.total}/{self.totals.pages} pages ({', '.join(facts)})"
        )


def progress_of(
    jobs: JobStore,
    collection: CollectionStore,
    dispatch_state: DispatchState | None,
    price_per_hour: float | None,
    *,
    recount: bool = False,
) -> CollectionProgress:
    """The progress now; with ``recount`` every job is looked up in the store.

    Otherwise it reads the parts and at most ``MOST_LOOKUPS`` jobs, chosen by chance among those
    without a known end, so that repeated calls find every end.
    """
    documents = documents_of(collection.member_counts.parts())
    ends = latest_ends(collection.ends.parts())
    totals = totals_of(documents, ends)
    waiting = list(totals.waiting)
    chosen = waiting
    if recount:
        chosen = [job_id for job_id, _ in documents.values() if job_id]
    elif len(waiting) > MOST_LOOKUPS:
        chosen = random.sample(waiting, MOST_LOOKUPS)
    found = look_up(jobs, collection, chosen, ends)
    if found:
        ends.update((end.job_id, end) for end in found)
        totals = totals_of(documents, ends)
    hot = _hot_jobs(dispatch_state, totals.waiting)
    return CollectionProgress(
        collection.name,
        totals,
        _with_hot(totals.counts, hot),
        _speed(ends, hot, time.time()),
        _with_hot_usage(totals.usage, hot, price_per_hour),
    )


def _hot_jobs(dispatch_state: DispatchState | None, waiting: frozenset[str]) -> list[JobProgress]:
    """The oldest open jobs of the collection that the broker knows."""
    if dispatch_state is None or not waiting:
        return []
    try:
        known = [
            job_id
            for pool in dispatch_state.pools.ids()
            for priority in PRIORITIES
            for job_id in dispatch_state.jobs.ids(pool, priority)
            if job_id in waiting
        ]
        found = map(dispatch_state.jobs.progress, known[:MOST_LOOKUPS])
        return [each for each in found if each is not None]
    except BrokerUnreachable:
        return []


def _with_hot(counts: Counts, hot: Iterable[JobProgress]) -> Counts:
    return Counts(
        ok=counts.ok + sum(each.counts.ok for each in hot),
        blank=counts.blank + sum(each.counts.blank for each in hot),
        failed=counts.failed + sum(each.counts.failed for each in hot),
    )


def _speed(ends: Mapping[str, End], hot: Iterable[JobProgress], now: float) -> float | None:
    """Pages per second of the last minutes: of documents that ended, or of those at work."""
    recent = [end for end in ends.values() if end.at > now - WINDOW_S and end.status != "open"]
    elapsed = now - min((end.at for end in recent), default=now)
    ended = sum(end.ok + end.blank + end.failed for end in recent) / elapsed if elapsed > 1 else 0
    working = sum(pace(each, now).pages_per_s or 0 for each in hot)
    return round(max(ended, working), 2) or None


def _with_hot_usage(usage: Usage, hot: Iterable[JobProgress], price: float | None) -> Usage:
    pages = usage.pages + sum(each.done - each.already for each in hot)
    seconds = usage.worker_s + sum(each.worker_ms / 1000 for each in hot)
    return Usage(pages, seconds, price)
