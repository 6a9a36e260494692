"""The reduce task: writes the document, or dispatches the pages that lack a result."""

import logging
from collections.abc import Mapping

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.domain.errors import NotFound
from shared.domain.page_ranges import expand
from shared.domain.records.job import Manifest
from shared.domain.records.messages import ReduceMessage
from shared.domain.records.page_result import PageResult
from shared.jobs.activation import open_job
from shared.jobs.job_store import NOTHING_HELD, JobStore
from shared.jobs.purging import purge_rest
from shared.jobs.reduction import PagesMissing, reduce_job
from shared.telemetry.tracing import now_ns
from workers.observability import document_metrics
from workers.observability.log_context import about
from workers.observability.message_headers import trace_headers

log = logging.getLogger("pagefleet.reduce")


class ReduceTask:
    """Handles reduce messages; a second copy changes nothing."""

    def __init__(
        self, jobs: JobStore, dispatch_state: DispatchState, dispatcher: Dispatcher
    ) -> None:
        self._jobs = jobs
        self._dispatch_state = dispatch_state
        self._dispatcher = dispatcher

    def handle(
        self,
        message: ReduceMessage,
        manifest: Manifest | None = None,
        held: Mapping[int, PageResult] = NOTHING_HELD,
    ) -> str:
        """Commit the job of ``message`` if all its pages have a result; returns how it ended.

        A worker gives what it has read and stored itself: the manifest and good results.
        """
        started = now_ns()
        with about(job=message.job_id):
            status = self._handle(message, manifest, held)
        tracing = self._dispatcher.tracing
        tracing.reduced(message.job_id, trace_headers(), started, status)
        return status

    def _handle(
        self, message: ReduceMessage, known: Manifest | None, held: Mapping[int, PageResult]
    ) -> str:
        manifest = known or self._jobs.manifest(message.job_id)
        if manifest is None:
            self._dispatch_state.jobs.forget(message.job_id)
            return "no such job"
        if self._dispatch_state.jobs.state(message.job_id) == "cancelled":
            return "cancelled"  # the cancelling command writes the document
        return self._reduce(manifest, held)

    def _reduce(self, manifest: Manifest, held: Mapping[int, PageResult]) -> str:
        try:
            with document_metrics.REDUCE_SECONDS.time():
                done = reduce_job(self._jobs, manifest, held=held)
        except PagesMissing as missing:
            self._dispatch_again(manifest, missing)
            return "pages missing"
        except NotFound as error:
            log.warning(
                "an object of job %s was removed while it was merged: %s", manifest.job_id, error
            )
            if self._jobs.manifest(manifest.job_id) is None:
                self._forget_purged(manifest.job_id)
            return "vanished"
        closed = self._dispatch_state.jobs.end(manifest.job_id)
        if closed is not None:
            seconds = document_metrics.DOCUMENT_SECONDS.labels(closed.pool, closed.priority)
            seconds.observe(closed.seconds)
        document_metrics.JOBS_WRITTEN.labels(done.status).inc()
        log.info("job %s ended as %s: %s", manifest.job_id, done.status, done.counts)
        return done.status

    def _forget_purged(self, job_id: str) -> None:
        """Remove what was written here after the job had been purged."""
        purge_rest(self._jobs, job_id)
        self._dispatch_state.jobs.forget(job_id)

    def _dispatch_again(self, manifest: Manifest, missing: PagesMissing) -> None:
        job_id = manifest.job_id
        if self._jobs.manifest(job_id) is None:
            self._forget_purged(job_id)
            return
        log.warning("job %s has no results of pages %s", job_id, missing.ranges)
        if self._dispatch_state.jobs.state(job_id) != "open":
            open_job(manifest, self._jobs, self._dispatch_state, self._dispatcher, pauses_s=())
        elif self._dispatch_state.jobs.redo(job_id, expand(missing.ranges)):
            self._dispatcher.top_up(manifest.options.pool.id, manifest.priority, force=True)
