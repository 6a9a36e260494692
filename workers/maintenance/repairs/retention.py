"""Purges ended jobs after their retention time."""

import logging
import time

from shared.domain.errors import DocumentError
from shared.jobs.job_store import JobStore
from shared.jobs.purging import STALLED_S, is_removable, remove
from workers.maintenance.own_jobs import OwnJobs

log = logging.getLogger("pagefleet.retention")
INTERVAL_S = 3600.0
DAY_S = 86400.0


class Retention:
    """Reads the list of jobs at most once an hour."""

    def __init__(self, jobs: JobStore, days: float, own: OwnJobs | None = None) -> None:
        self._jobs = jobs
        self._own = own or OwnJobs(jobs)
        self._days = days
        self._last = 0.0

    def apply(self) -> int:
        """Purge ended jobs that are older than ``days``; returns how many."""
        if time.monotonic() - self._last < INTERVAL_S and self._last:
            return 0
        self._last = time.monotonic()
        return purge_older(self._jobs, self._days, own=self._own)


def purge_older(
    jobs: JobStore, days: float, stalled_s: float = STALLED_S, *, own: OwnJobs | None = None
) -> int:
    """Purge ended jobs created more than ``days`` ago, and complete dead purges."""
    own, horizon = own or OwnJobs(jobs), time.time() - days * DAY_S
    purged = 0
    for job_id in jobs.job_ids():
        try:
            if is_removable(jobs, job_id, horizon) and own.has_ended(job_id):
                remove(jobs, job_id, stalled_s)
                purged += 1
        except DocumentError as error:  # of this job; the others still end
            log.error("can't purge job %s: %s", job_id, error.message)
    return purged
