"""Polls recorded jobs: writes their status files, and their outputs once they end."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from producer.delivery import outcome
from producer.delivery.export import FinishedJob, export
from producer.status.follow import Follower
from producer.status.job_facts import JobFacts, job_facts
from producer.watching.claims.open_claims import OpenClaim
from producer.watching.finalize import Finalizer
from producer.watching.output_names import output_name, status_name
from producer.watching.places.place import ReadRefused, UnusableName
from producer.watching.status_file import of_job
from producer.watching.timings import WatchTimings
from producer.watching.watch_context import WatchContext
from shared.domain.errors import NotFound, PagefleetError, TransientError
from shared.domain.records.job import Done, Manifest

TICK_S = 0.1
DELIVERY_THREADS = 4
#: Pause after an error, of the loop or of one delivery.
RETRY_S = 2.0


class JobTracker:
    """One polling thread and a pool of delivery threads."""

    def __init__(
        self,
        context: WatchContext,
        finalizer: Finalizer,
        stop: threading.Event,
        timings: WatchTimings,
    ) -> None:
        self._context = context
        self._finalizer = finalizer
        self._stop = stop
        self._status_every_s = timings.status_every_s
        self._follower = Follower(context.jobs, context.dispatch_state)

    def run(self) -> None:
        """Poll until the watcher stops; claims that are open then are adopted by another."""
        with ThreadPoolExecutor(DELIVERY_THREADS, thread_name_prefix="deliver") as pool:
            while not self._stop.wait(TICK_S):
                try:
                    for open_claim in self._context.open_claims.due():
                        self._poll_and_report_errors(open_claim, pool)
                except TransientError as error:
                    self._context.event_log.warning(error)
                    self._stop.wait(RETRY_S)

    def _poll_and_report_errors(self, open_claim: OpenClaim, pool: ThreadPoolExecutor) -> None:
        try:
            self._poll(open_claim, pool)
        except UnusableName as error:
            open_claim.status_written_at = float("inf")
            self._context.event_log.warning(error)
        except TransientError:
            raise
        except PagefleetError as error:  # an error of one job must not stop the others
            self._context.event_log.warning(error)

    def _poll(self, open_claim: OpenClaim, pool: ThreadPoolExecutor) -> None:
        job_id = open_claim.claim.job_id or ""
        progress = self._follower.progress(job_id)
        done = self._follower.ended(job_id, progress)
        if done is None:
            self._write_progress(open_claim)
        elif self._context.open_claims.start_finalizing(open_claim):
            pool.submit(self._deliver_or_retry, open_claim, done)

    def _deliver_or_retry(self, open_claim: OpenClaim, done: Done) -> None:
        try:
            self._deliver(open_claim, done)
        except Exception as error:  # outermost handler of a thread: report every error
            self._context.event_log.warning(error)
            self._context.open_claims.retry_later(open_claim, RETRY_S)

    def _deliver(self, open_claim: OpenClaim, done: Done) -> None:
        context, key, manifest = self._context, open_claim.claim.key, open_claim.manifest
        assert manifest is not None
        if self._was_replaced(open_claim):
            self._finalizer.abandon(open_claim, "a newer version replaced it")
            return
        try:
            if done.counts.ok + done.counts.blank:
                render = context.options.render(key)
                job = FinishedJob(context.jobs, manifest, render)
                export(job, context.outbox, output_name(key))
            self._write_outcome(open_claim, manifest, done)
        except UnusableName as error:
            self._finalizer.refuse(open_claim, error)
            return
        self._finalizer.complete(open_claim, done.status)
        context.event_log.event("delivered", key, job_id=manifest.job_id, status=done.status)

    def _was_replaced(self, open_claim: OpenClaim) -> bool:
        inbox = self._context.inbox
        try:
            current = inbox.stat(open_claim.claim.key)
        except ReadRefused:
            return False  # it cannot be known; the job is about the claimed version
        except UnusableName:
            return True
        if current is None or current == open_claim.dropped:
            open_claim.dropped = current
            return False
        try:
            if inbox.version(current) != open_claim.claim.version:
                return True
        except NotFound:
            return True
        open_claim.dropped = current  # other metadata, same content
        return False

    def _write_progress(self, open_claim: OpenClaim) -> None:
        """Write the status file of a running job, if it is due and differs."""
        context, manifest = self._context, open_claim.manifest
        now = time.monotonic()
        if manifest is None or now - open_claim.status_written_at < self._status_every_s:
            return
        if context.jobs.manifest(manifest.job_id) is None:
            context.open_claims.close(open_claim)  # purged: the next adoption makes a new job
            return
        facts = job_facts(manifest, context.jobs, context.dispatch_state)
        self._write_status(open_claim, of_job(self._source(open_claim), facts))
        open_claim.status_written_at = now

    def _write_outcome(self, open_claim: OpenClaim, manifest: Manifest, done: Done) -> None:
        """Write what failed into the status file, or delete the file after a full success."""
        if done.status == "ok":
            self._context.outbox.delete(status_name(open_claim.claim.key))
            return
        source = self._source(open_claim)
        error = outcome.ended(source, manifest, done, None, self._context.jobs).error
        pages = done.counts.total
        facts = JobFacts(manifest, done.status, pages, pages, done.counts)
        self._write_status(open_claim, of_job(source, facts, error))

    def _write_status(self, open_claim: OpenClaim, status: bytes) -> None:
        if status != open_claim.status:
            self._context.outbox.write(status_name(open_claim.claim.key), status)
            open_claim.status = status

    def _source(self, open_claim: OpenClaim) -> str:
        return self._context.inbox.url + open_claim.claim.key
