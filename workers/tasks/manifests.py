"""The manifests of the jobs that a worker is busy with; they never change while a job lives."""

import threading
from collections import OrderedDict

from shared.domain.records import Manifest
from shared.jobs.job_store import JobStore

KEPT = 512


class Manifests:
    """A small cache over the store; thread-safe."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Manifest] = OrderedDict()

    def get(self, job_id: str) -> Manifest | None:
        """The manifest, perhaps remembered; None where the job was purged."""
        with self._lock:
            if job_id in self._known:
                self._known.move_to_end(job_id)
                return self._known[job_id]
        return self.fresh(job_id)

    def fresh(self, job_id: str) -> Manifest | None:
        """The manifest as it lies in the store now."""
        manifest = self._jobs.manifest(job_id)
        with self._lock:
            self._known.pop(job_id, None)
            if manifest is not None:
                self._known[job_id] = manifest
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return manifest
