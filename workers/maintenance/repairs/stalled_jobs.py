"""Restarts open jobs whose pages were all dispatched and that make no progress."""

import logging
from dataclasses import dataclass
from typing import ClassVar

from shared.broker.job_state import JobProgress
from shared.domain.errors import DocumentError
from shared.domain.page_ranges import expand
from shared.jobs.job_store import missing_pages
from workers.maintenance.repairs.open_jobs import is_overdue, open_jobs
from workers.maintenance.repairs.repair import JobRepair

log = logging.getLogger("pagefleet.sweep")


@dataclass(eq=False)
class StalledJobs(JobRepair):
    """Compares each stalled job with the store and dispatches the pages that lack a result."""

    kind: ClassVar[str | None] = "stuck"

    def run(self) -> int:
        """Look at every open job; returns the number of jobs that needed something."""
        now, restarted = self._dispatch_state.now(), 0
        for job in open_jobs(self._dispatch_state):
            if self._is_stalled(job, now):
                self._dispatch_state.jobs.touch(job.job_id)
                restarted += self._restart(job.job_id)
        return restarted

    def _is_stalled(self, job: JobProgress, now: float) -> bool:
        return (
            job.done < job.total
            and is_overdue(job.touched, now, self._timings.stalled_after_s)
            and not self._dispatch_state.jobs.waiting_ranges(job.job_id)
        )

    def _restart(self, job_id: str) -> bool:
        try:
            return self._dispatch_missing(job_id)
        except DocumentError as error:  # of this job; the others still need their repairs
            log.error("can't restart job %s: %s", job_id, error.message)
            return False

    def _dispatch_missing(self, job_id: str) -> bool:
        manifest = self._jobs.manifest(job_id)
        if manifest is None:
            self._dispatch_state.jobs.forget(job_id)
            return True
        missing = missing_pages(manifest, self._jobs.page_states(job_id))
        if not missing:
            self._dispatcher.reduce(job_id)
            return True
        added = self._dispatch_state.jobs.redo(job_id, expand(missing))
        self._dispatcher.top_up(manifest.options.pool.id, manifest.priority, force=True)
        return added > 0
