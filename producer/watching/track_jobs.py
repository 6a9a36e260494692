"""Waits for the end of recorded jobs, tells how far they are, and delivers what came out."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from producer.delivery import outcome
from producer.status.reporting import JobFacts, job_facts
from producer.status.waiting import Follower
from producer.watching.delivery import deliver
from producer.watching.finalize import Finalizer
from producer.watching.open_claims import OpenClaim
from producer.watching.places.place import UnusableName
from producer.watching.status_file import SUFFIX, of_job
from producer.watching.watch_context import WatchContext
from shared.domain.errors import NotFound, PagefleetError, TransientError
from shared.domain.records import Done, Manifest

TICK_S = 0.1
DELIVERY_THREADS = 4
#: A status file is written at most so often.
STATUS_S = 3.0
RETRY_S = 2.0


class JobTracker:
    """One thread that looks at jobs, and a few that write."""

    def __init__(self, context: WatchContext, finalizer: Finalizer, stop: threading.Event) -> None:
        self._context = context
        self._finalizer = finalizer
        self._stop = stop
        self._follower = Follower(context.jobs, context.dispatch_state)

    def run(self) -> None:
        """Until the watcher stops; what is not delivered by then is adopted by the next one."""
        with ThreadPoolExecutor(DELIVERY_THREADS, thread_name_prefix="deliver") as pool:
            while not self._stop.wait(TICK_S):
                try:
                    for open_claim in self._context.open_claims.due():
                        self._look_patiently(open_claim, pool)
                except TransientError as error:
                    self._context.event_log.warning(error)
                    self._stop.wait(RETRY_S)

    def _look_patiently(self, open_claim: OpenClaim, pool: ThreadPoolExecutor) -> None:
        try:
            self._look(open_claim, pool)
        except UnusableName as error:
            open_claim.told_at = float("inf")
            self._context.event_log.warning(error)
        except TransientError:
            raise
        except PagefleetError as error:  # one job must not hold up the others
            self._context.event_log.warning(error)

    def _look(self, open_claim: OpenClaim, pool: ThreadPoolExecutor) -> None:
        job_id = open_claim.claim.job_id or ""
        progress = self._follower.progress(job_id)
        done = self._follower.ended(job_id, progress)
        if done is None:
            self._tell(open_claim)
        elif self._context.open_claims.start_finalizing(open_claim):
            pool.submit(self._end, open_claim, done)

    def _end(self, open_claim: OpenClaim, done: Done) -> None:
        try:
            self._deliver(open_claim, done)
        except Exception as error:  # the edge of a thread: nothing may be lost in silence
            self._context.event_log.warning(error)
            self._context.open_claims.retry_later(open_claim, RETRY_S)

    def _deliver(self, open_claim: OpenClaim, done: Done) -> None:
        context, key, manifest = self._context, open_claim.claim.key, open_claim.manifest
        assert manifest is not None
        if self._was_replaced(open_claim):
            self._finalizer.abandon(open_claim, "a newer version has its place")
            return
        try:
            if done.counts.ok + done.counts.blank:
                render = context.options.render(key)
                deliver(context.jobs, manifest, render, context.outbox, key)
            self._tell_end(open_claim, manifest, done)
        except UnusableName as error:
            self._finalizer.refuse(open_claim, error)
            return
        self._finalizer.complete(open_claim, done.status)
        context.event_log.event("delivered", key, job_id=manifest.job_id, status=done.status)

    def _was_replaced(self, open_claim: OpenClaim) -> bool:
        context = self._context
        now = context.inbox.stat(open_claim.claim.key)
        if now is None or now == open_claim.found:
            open_claim.found = now
            return False
        try:
            if context.inbox.version(now) != open_claim.claim.version:
                return True
        except NotFound:
            return True
        open_claim.found = now  # merely touched
        return False

    def _tell(self, open_claim: OpenClaim) -> None:
        """Write how far the job is, where that is news."""
        now = time.monotonic()
        if open_claim.manifest is None or now - open_claim.told_at < STATUS_S:
            return
        if self._context.jobs.manifest(open_claim.manifest.job_id) is None:
            self._context.open_claims.close(open_claim)  # purged: adopted again, as a new job
            return
        facts = job_facts(open_claim.manifest, self._context.jobs, self._context.dispatch_state)
        self._write(open_claim, of_job(self._source(open_claim), facts))
        open_claim.told_at = now

    def _tell_end(self, open_claim: OpenClaim, manifest: Manifest, done: Done) -> None:
        """Say what went wrong, or nothing where all went well."""
        if done.status == "ok":
            self._context.outbox.delete(open_claim.claim.key + SUFFIX)
            return
        source = self._source(open_claim)
        error = outcome.ended(source, manifest, done, None, self._context.jobs).error
        pages = done.counts.total
        facts = JobFacts(manifest, done.status, pages, pages, done.counts)
        self._write(open_claim, of_job(source, facts, error))

    def _write(self, open_claim: OpenClaim, status: bytes) -> None:
        if status != open_claim.told:
            self._context.outbox.write(open_claim.claim.key + SUFFIX, status)
            open_claim.told = status

    def _source(self, open_claim: OpenClaim) -> str:
        return self._context.inbox.url + open_claim.claim.key
