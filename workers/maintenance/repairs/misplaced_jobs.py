"""Moves jobs into their own pools that programs of earlier releases opened in another one."""

import logging
from dataclasses import dataclass, field
from typing import ClassVar

from shared.broker.job_state import JobProgress
from shared.domain.errors import DocumentError
from shared.jobs.moving import move_to_own_pool
from workers.maintenance.repairs.open_jobs import is_overdue, open_jobs
from workers.maintenance.repairs.repair import JobRepair

log = logging.getLogger("pagefleet.sweep")
#: Manifests read in one round.
MAX_READ = 100


@dataclass(eq=False)
class MisplacedJobs(JobRepair):
    """Looks once at each job without progress."""

    kind: ClassVar[str | None] = "moved"

    #: Jobs that are in the right pool, and when each was opened.
    _right: dict[str, float] = field(default_factory=dict, init=False)

    def run(self) -> int:
        """Look at jobs without progress; returns the number of moved jobs."""
        now = self._dispatch_state.now()
        jobs = list(open_jobs(self._dispatch_state))
        self._right = {
            job.job_id: job.opened for job in jobs if self._right.get(job.job_id) == job.opened
        }
        waiting = [
            job
            for job in jobs
            if job.job_id not in self._right
            and is_overdue(job.touched, now, self._timings.stalled_after_s)
        ]
        return sum(map(self._repair, waiting[:MAX_READ]))

    def _repair(self, job: JobProgress) -> bool:
        try:
            manifest = self._jobs.manifest(job.job_id)
        except DocumentError as error:  # of this job; the others are still moved
            log.error("can't move job %s: %s", job.job_id, error.message)
            return False
        if manifest is None or manifest.options.pool.id == job.pool:
            self._right[job.job_id] = job.opened
            return False
        move_to_own_pool(manifest, self._dispatch_state, self._dispatcher)
        return True
