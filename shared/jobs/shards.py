"""Which broker of a sharded fleet has a job: an object beside the job's manifest.

It is written before the manifest, and never changes while the job exists: a longer list of brokers
moves no job. A job without it was submitted while the fleet had one broker, which is now the first.
"""

from shared.broker.shards.placement import hashed_shard
from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.jobs.job_store import JobStore

#: A larger object is none of these.
MAX_BYTES = 16
#: Jobs whose shard is remembered.
MAX_KNOWN = 100_000


class JobShards:
    """Thread-safe; reads nothing where ``count`` is 1."""

    def __init__(self, jobs: JobStore, count: int) -> None:
        self._jobs = jobs
        self._count = count
        self._known: dict[str, int] = {}

    def find(self, job_id: str) -> int:
        """The shard of a job; of a new one, that where it will be placed."""
        recorded = self._recorded(job_id)
        if recorded is None:
            is_old = self._jobs.store.exists(object_keys.manifest(job_id))
            return 0 if is_old else hashed_shard(job_id, self._count)
        # The last brokers of a list may be gone for good.
        return recorded if recorded < self._count else 0

    def place(self, job_id: str) -> int:
        """Write down the shard of a new job; returns it, or that which another process wrote."""
        number = hashed_shard(job_id, self._count)
        self._jobs.store.put_new(object_keys.shard(job_id), b"%d\n" % number)
        self._known.pop(job_id, None)
        return self.find(job_id)

    def owner(self, job_id: str, *, fresh: bool = False) -> int:
        """The shard whose sweeper repairs the job: as recorded, else the first.

        ``fresh`` reads it again: a purged job may have been submitted anew.
        """
        if self._count == 1:
            return 0
        if fresh:
            self._known.pop(job_id, None)
        return self._recorded(job_id) or 0

    def _recorded(self, job_id: str) -> int | None:
        known = self._known.get(job_id)
        if known is None:
            known = self._read(job_id)
            if known is not None:
                self._remember(job_id, known)
        return known

    def _remember(self, job_id: str, number: int) -> None:
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[job_id] = number

    def _read(self, job_id: str) -> int | None:
        try:
            text = self._jobs.store.get(object_keys.shard(job_id), MAX_BYTES).strip()
        except NotFound:
            return None
        return int(text) if text.isdigit() else None
