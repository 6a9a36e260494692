"""Progress of one job: from the dispatch state where it is hot, else from the store alone."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from producer.status.pace import duration, pace
from producer.status.submissions import Submissions, as_plain, names_as_text, submissions
from shared.broker.dispatch_state import DispatchState
from shared.broker.job_state import JobProgress
from shared.config.settings import Settings
from shared.console.printable import printable
from shared.document.low_quality import LowQuality
from shared.document.outcome import fallback_count
from shared.domain.cost import Usage
from shared.domain.errors import BrokerUnreachable
from shared.domain.page_ranges import count
from shared.domain.records.job import Counts, Manifest
from shared.domain.submission_record import SubmissionRecord
from shared.jobs.job_store import JobStore


@dataclass(frozen=True)
class JobFacts:
    """One line of ``status`` or ``list``."""

    manifest: Manifest
    #: ok, partial, failed or cancelled for an ended job; else waiting or running.
    status: str
    pages: int
    done: int
    counts: Counts
    pages_per_s: float | None = None
    eta_s: float | None = None
    #: Worker time and cost so far; None where finding out would read every page result.
    usage: Usage | None = None
    #: None for an open job, and where no page was judged.
    low_quality: LowQuality | None = None
    #: Pages that the fallback engine read; none for an open job.
    fallback: tuple[int, ...] = ()
    #: All submissions; empty where the reader may know only its own.
    submissions: Submissions = ()

    @property
    def is_ended(self) -> bool:
        """Whether the job has a document."""
        return self.status not in ("waiting", "running")

    def as_plain(self) -> dict[str, Any]:
        """JSON-ready facts."""
        manifest = self.manifest
        return {
            "job_id": manifest.job_id,
            "name": manifest.source.name,
            "status": self.status,
            "pages": self.pages,
            "done": self.done,
            "counts": self.counts.model_dump(),
            "engine": manifest.options.engine,
            "model": manifest.options.model,
            "revision": manifest.options.revision,
            "pool": manifest.options.pool.id,
            "task": manifest.options.task.value,
            "priority": manifest.priority,
            "labels": manifest.labels,
            "submissions": as_plain(self._submissions),
            "created": datetime.fromtimestamp(manifest.created, UTC).isoformat(),
            "pages_per_s": self.pages_per_s,
            "eta_s": self.eta_s,
            "low_quality": None if self.low_quality is None else list(self.low_quality.pages),
            "fallback": list(self.fallback),
            **(self.usage or Usage(0, 0.0)).as_plain(),
            **({} if self.usage else {"worker_seconds": None}),
        }

    def as_text(self) -> str:
        """One line for terminals."""
        counts = self.counts
        eta = "" if self.eta_s is None else f", eta {duration(self.eta_s)}"
        speed = "" if not self.pages_per_s else f", {self.pages_per_s:.1f} pages/s"
        cost = self.usage.cost if self.usage else None
        price = "" if cost is None else f", cost {cost:.4f}"
        more = (self.low_quality.count if self.low_quality else "") + fallback_count(self.fallback)
        pages = f"{counts.ok} ok, {counts.blank} blank, {counts.failed} failed{more}"
        names = names_as_text(self._submissions)
        return printable(
            f"{self.manifest.job_id}  {self.status:9}  {self.done}/{self.pages} pages "
            f"({pages}{speed}{eta}{price})  {names}"
        )

    @property
    def _submissions(self) -> Submissions:
        return self.submissions or (SubmissionRecord.of(self.manifest),)


def job_facts(manifest: Manifest, jobs: JobStore, dispatch_state: DispatchState | None) -> JobFacts:
    """Progress of one job; for a job that ended or is hot, few objects are read."""
    pages = count(manifest.page_ranges)
    done = jobs.done(manifest.job_id)
    if done is not None:
        return JobFacts(manifest, done.status, pages, done.counts.total, done.counts)
    hot = hot_job(manifest.job_id, dispatch_state)
    if hot is not None:
        return _hot_facts(manifest, pages, hot)
    states = jobs.page_states(manifest.job_id)
    counts = jobs.count(manifest.job_id, states)
    return JobFacts(manifest, "waiting", pages, counts.total, counts)


def with_usage(
    facts: JobFacts, jobs: JobStore, settings: Settings, min_quality: float | None = None
) -> JobFacts:
    """The facts with usage and, for an ended job, with its pages that a person may look at:
    those below ``min_quality``, and those that the fallback engine read.

    For an ended job this reads one more object, its document.
    """
    usage, low, fallback = facts.usage, None, facts.fallback
    if usage is None:
        document = jobs.document_facts(facts.manifest.job_id)
        if document is None:
            return facts
        usage = Usage(facts.done, document.worker_s)
        low = LowQuality.of(document.scores, min_quality) if document.scores else None
        fallback = document.fallback
    usage = replace(usage, price_per_hour=settings.price_per_hour)
    return replace(facts, usage=usage, low_quality=low, fallback=fallback)


def with_submissions(facts: JobFacts, jobs: JobStore) -> JobFacts:
    """The facts with all submissions; this lists the job's later ones and reads them."""
    return replace(facts, submissions=submissions(jobs, facts.manifest))


def hot_job(job_id: str, dispatch_state: DispatchState | None) -> JobProgress | None:
    """The job in the dispatch state; None where it is not hot or the broker does not answer."""
    if dispatch_state is None:
        return None
    try:
        return dispatch_state.jobs.progress(job_id)
    except BrokerUnreachable:
        return None


def _hot_facts(manifest: Manifest, pages: int, hot: JobProgress) -> JobFacts:
    speed = pace(hot, time.time())
    status = "waiting" if hot.done == hot.already else "running"
    if hot.state == "cancelled":
        status = "cancelled"
    usage = Usage(hot.done - hot.already, hot.worker_ms / 1000)
    return JobFacts(
        manifest, status, pages, hot.done, hot.counts, speed.pages_per_s, speed.eta_s, usage
    )
