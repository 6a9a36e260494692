"""The jobs that a sweeper may repair: in a fleet with several brokers, those of its own.

All shards share one store. A sweeper that adopted the job of another shard would have its pages
read twice, and two that send webhooks would send each twice.
"""

import logging

from shared.config.settings import Settings
from shared.jobs.job_store import JobStore
from shared.jobs.shards import JobShards

log = logging.getLogger("pagefleet.sweep")


class OwnJobs:
    """Thread-safe; with one broker all jobs are its own, and nothing is read."""

    def __init__(self, jobs: JobStore, settings: Settings | None = None) -> None:
        self._count = 1 if settings is None else max(1, settings.broker_count)
        self._number = 0 if settings is None else settings.shard or 0
        self._shards = JobShards(jobs, self._count)
        self._warned = False

    def has(self, job_id: str, *, fresh: bool = False) -> bool:
        """Whether this sweeper repairs the job; ``fresh`` reads its shard again."""
        if self._count == 1:
            return True
        owner = self._shards.owner(job_id, fresh=fresh)
        if owner >= self._count:
            self._warn(job_id, owner)
        return owner == self._number

    def has_ended(self, job_id: str) -> bool:
        """The same for a job that has ended, of which also a removed shard may have been."""
        if self._count == 1:
            return True
        owner = self._shards.owner(job_id)
        return self._number == (owner if owner < self._count else 0)

    def _warn(self, job_id: str, owner: int) -> None:
        if not self._warned and self._number == 0:
            log.warning(
                "open job %s is of shard %d, which PAGEFLEET_REDIS_URL does not list; "
                "if that broker is gone for good: pagefleet doctor --repair",
                job_id,
                owner,
            )
        self._warned = True
