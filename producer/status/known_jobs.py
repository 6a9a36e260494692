"""Jobs by the id that a person typed."""

from shared.domain import object_keys
from shared.domain.errors import UsageError
from shared.domain.records import Manifest
from shared.jobs.job_store import JobStore


def find_job(jobs: JobStore, job_id: str) -> Manifest:
    """The manifest of a job that a person named; raises UsageError."""
    object_keys.check_job_id(job_id)
    manifest = jobs.manifest(job_id)
    if manifest is None:
        raise UsageError(f"there is no job {job_id} in {jobs.store.url} (pagefleet list)")
    return manifest
