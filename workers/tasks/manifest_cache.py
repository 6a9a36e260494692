"""Caches the manifests of the jobs whose pages a worker reads.

A manifest never changes while its job exists, so a cached one is stale only after a purge.
"""

import threading
from collections import OrderedDict

from shared.domain.records.job import Manifest
from shared.jobs.job_store import JobStore

MAX_CACHED = 512


class ManifestCache:
    """Thread-safe; drops the manifest that was not used for longest."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._lock = threading.Lock()
        self._cached: OrderedDict[str, Manifest] = OrderedDict()

    def get(self, job_id: str) -> Manifest | None:
        """The manifest, from the cache if it is there; None where the job was purged."""
        with self._lock:
            if job_id in self._cached:
                self._cached.move_to_end(job_id)
                return self._cached[job_id]
        return self.fresh(job_id)

    def fresh(self, job_id: str) -> Manifest | None:
        """The manifest that is in the store now; None where the job was purged."""
        manifest = self._jobs.manifest(job_id)
        with self._lock:
            self._cached.pop(job_id, None)
            if manifest is not None:
                self._cached[job_id] = manifest
            while len(self._cached) > MAX_CACHED:
                self._cached.popitem(last=False)
        return manifest
