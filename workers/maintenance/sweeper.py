"""Finds what crashed processes left behind, and tells waiting from lost.

A page that waits in a long queue is not lost. It is dispatched again only when pages that
were dispatched after it have started, or its queue has run empty, at two looks some time
apart, and nobody holds it.
"""

import logging
import threading
import time
from dataclasses import dataclass

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.job_state import JobProgress
from shared.broker.queues import page_queue
from shared.domain import object_keys
from shared.domain.errors import PagefleetError
from shared.domain.lanes import PRIORITIES, Lane
from shared.domain.page_ranges import expand
from shared.domain.records import Manifest
from shared.jobs.activation import open_job
from shared.jobs.cancelling import finish_cancel
from shared.jobs.job_marker import JobMarker
from shared.jobs.job_store import JobStore, missing_pages
from shared.jobs.purging import is_half_purged, purge, purge_rest
from workers.maintenance.retention import Retention
from workers.maintenance.webhooks import WebhookSender

log = logging.getLogger("pagefleet.sweep")
LOCK = "sweeper"
#: Seconds between the two looks after which a page counts as lost.
LOST_AFTER_S = 20.0
#: Seconds after which a job whose pages are all done should have its document, and one whose
#: pages were all dispatched some progress.
REDUCE_AFTER_S = 60.0
#: Seconds in one sweeper's sight after which a marker without a manifest is a dead submission.
STALE_MARKER_S = 3600.0
#: Seconds in one sweeper's sight after which a purge whose marker did not change is dead.
DEAD_PURGE_S = 180.0
MARKERS_PER_ROUND = 1000
#: Seconds by which the clocks of this machine and the broker may differ before nothing is purged.
CLOCK_SLACK_S = 3600.0


@dataclass
class Repairs:
    """What one round mended."""

    expired: int = 0
    lost: int = 0
    reducers: int = 0
    adopted: int = 0
    stuck: int = 0
    purged: int = 0

    @property
    def any(self) -> bool:
        """Whether anything was mended at all."""
        return any(vars(self).values())


class Sweeper:
    """One round at a time per fleet, by a lock in the broker."""

    def __init__(
        self,
        name: str,
        jobs: JobStore,
        dispatch_state: DispatchState,
        dispatcher: Dispatcher,
        *,
        adopt: bool,
        lock_s: int,
        retention: Retention | None = None,
        webhooks: WebhookSender | None = None,
    ) -> None:
        self._name = name
        self._jobs = jobs
        self._dispatch_state = dispatch_state
        self._dispatcher = dispatcher
        self._adopts = adopt
        self._lock_s = lock_s
        self._retention = retention
        self._webhooks = webhooks
        #: A request for a round may come while the timer's is under way.
        self._busy = threading.Lock()
        self._suspected: dict[tuple[str, str], float] = {}
        #: Markers that should go: what they say, and since when we see that they say it.
        self._bare: dict[str, tuple[JobMarker | None, float]] = {}

    def sweep(self) -> Repairs | None:
        """One round; None where another sweeper is at it, here or elsewhere."""
        if not self._busy.acquire(blocking=False):
            return None
        try:
            taken = self._dispatch_state.sweeper.try_lock(LOCK, self._name, self._lock_s)
            return self._sweep() if taken else None
        finally:
            self._busy.release()

    def _sweep(self) -> Repairs:
        repairs = Repairs()
        engines = self._dispatch_state.workers.engines()
        for engine in engines:
            self._sweep_pages(engine, repairs)
        # What needs the store comes last: its outage must not keep pages of dead workers.
        if self._webhooks is not None:
            self._webhooks.look()
        for engine in engines:
            for priority in PRIORITIES:
                self._sweep_jobs(engine, priority, repairs)
        if self._adopts:
            self._adopt(repairs)
        if self._retention is not None and self._clocks_agree():
            repairs.purged += self._retention.apply()
        if repairs.any:
            log.info("repaired %s", {k: v for k, v in vars(repairs).items() if v})
        return repairs

    def _sweep_pages(self, engine: str, repairs: Repairs) -> None:
        expired = self._dispatch_state.pages.reclaim_expired(engine, grace_s=2.0)
        self._dispatcher.publish(expired)
        repairs.expired += len(expired)
        for lane in Lane:
            repairs.lost += self._find_lost(engine, page_queue(engine, lane))
        for priority in PRIORITIES:
            self._dispatcher.top_up(engine, priority, force=True)

    def _clocks_agree(self) -> bool:
        """Whether this machine's clock may be trusted with removing what is old."""
        agree = abs(time.time() - self._dispatch_state.now()) < CLOCK_SLACK_S
        if not agree:
            log.error("nothing is purged: the clocks of this machine and the broker differ")
        return agree

    def _find_lost(self, engine: str, queue: str) -> int:
        slack = 2 + 2 * sum(worker.capacity for worker in self._dispatch_state.workers.live(engine))
        found = set(self._dispatch_state.pages.overdue(queue, slack))
        if self._dispatch_state.pages.queue_length(queue) == 0:
            found |= set(self._dispatch_state.pages.queued(queue))
        now = time.monotonic()
        mine = {key: seen for key, seen in self._suspected.items() if key[0] == queue}
        for key in mine:
            if key[1] not in found:
                del self._suspected[key]
        for page in found:
            self._suspected.setdefault((queue, page), now)
        lost = [page for page in found if now - self._suspected[queue, page] >= LOST_AFTER_S]
        if not lost:
            return 0
        again = self._dispatch_state.pages.requeue(engine, queue, lost)
        self._dispatcher.publish(again)
        for page in lost:
            del self._suspected[queue, page]
        return len(again)

    def _sweep_jobs(self, engine: str, priority: str, repairs: Repairs) -> None:
        now, jobs = self._dispatch_state.now(), self._dispatch_state.jobs
        for job_id in jobs.ids(engine, priority):
            job = jobs.progress(job_id)
            if job is None or job.state != "open":
                continue
            if job.done >= job.total:
                repairs.reducers += self._reduce_again(job, now)
            elif _is_over(job.touched, now) and not jobs.waiting_ranges(job_id):
                jobs.touch(job_id)
                repairs.stuck += self._unstick(job_id)

    def _reduce_again(self, job: JobProgress, now: float) -> int:
        if job.reduce_since is not None and not _is_over(job.reduce_since, now):
            return 0
        self._dispatch_state.jobs.claim_reducer(job.job_id)
        self._dispatcher.reduce(job.job_id)
        return 1

    def _unstick(self, job_id: str) -> int:
        """All its pages were dispatched and for long none was done: ask the store."""
        manifest = self._jobs.manifest(job_id)
        if manifest is None:
            self._dispatch_state.jobs.forget(job_id)
            return 1
        missing = missing_pages(manifest, self._jobs.page_states(job_id))
        if not missing:
            self._dispatcher.reduce(job_id)
            return 1
        added = self._dispatch_state.jobs.redo(job_id, expand(missing))
        self._dispatcher.top_up(manifest.options.engine, manifest.priority, force=True)
        return int(added > 0)

    def _adopt(self, repairs: Repairs) -> None:
        """Take up open jobs of the store that are not hot, a bounded number per round."""
        after = self._dispatch_state.sweeper.cursor("adopt")
        listed = list(
            self._jobs.store.list(object_keys.OPEN, start_after=after, limit=MARKERS_PER_ROUND)
        )
        found = [key.removeprefix(object_keys.OPEN) for key in listed]
        if not after and len(listed) < MARKERS_PER_ROUND:  # these are all
            gone = self._bare.keys() - set(found)
            self._bare = {job: seen for job, seen in self._bare.items() if job not in gone}
        for job_id in found:
            repairs.adopted += self._take_up(job_id)
        self._dispatch_state.sweeper.cursor(
            "adopt", listed[-1] if len(listed) == MARKERS_PER_ROUND else ""
        )

    def _take_up(self, job_id: str) -> int:
        state = self._dispatch_state.jobs.state(job_id)
        if state == "open":
            return 0
        try:
            manifest = self._jobs.manifest(job_id)
            if state == "cancelled" and manifest is not None:
                finish_cancel(manifest, self._jobs, self._dispatch_state)
                return 1
            return self._open(job_id, manifest)
        except PagefleetError as error:
            log.error("can't take up job %s: %s", job_id, error.message)
            return 0

    def _open(self, job_id: str, manifest: Manifest | None) -> int:
        if is_half_purged(self._jobs, job_id):
            return self._end_dead_purge(job_id)
        if manifest is None:
            self._forget_stale_marker(job_id)
            return 0
        if self._jobs.done(job_id) is not None:
            if not self._jobs.is_purging(job_id):  # now: it may have begun meanwhile
                self._jobs.unmark_open(job_id)
            return 0
        if self._jobs.is_purging(job_id):
            # By somebody who had not seen that it was submitted.
            self._jobs.mark_open(job_id, manifest.created)
        if not self._dispatch_state.jobs.has_room(manifest.options.engine, manifest.priority):
            return 0
        open_job(manifest, self._jobs, self._dispatch_state, self._dispatcher, pauses_s=())
        return 1

    def _end_dead_purge(self, job_id: str) -> int:
        if self._unchanged_s(job_id) <= DEAD_PURGE_S:
            return 0
        (purge_rest if self._jobs.manifest(job_id) is None else purge)(self._jobs, job_id)
        self._dispatch_state.jobs.forget(job_id)
        return 1

    def _forget_stale_marker(self, job_id: str) -> None:
        if self._unchanged_s(job_id) > STALE_MARKER_S:
            purge_rest(self._jobs, job_id)

    def _unchanged_s(self, job_id: str) -> float:
        """Not by the time in the marker: another machine's clock may be hours off."""
        marker, now = self._jobs.marker(job_id), time.monotonic()
        known, since = self._bare.get(job_id, (marker, now))
        if known != marker:
            since = now
        self._bare[job_id] = marker, since
        return now - since


def _is_over(since: float, now: float) -> bool:
    """Whether it is long ago; a moment to come means that the clock was set back."""
    return not since <= now < since + REDUCE_AFTER_S
