"""Jobs by the id that a person typed."""

from shared import keys
from shared.errors import UsageError
from shared.jobs import JobStore
from shared.records import Manifest


def find_job(jobs: JobStore, job_id: str) -> Manifest:
    """The manifest of a job that a person named; raises UsageError."""
    keys.check_job_id(job_id)
    manifest = jobs.manifest(job_id)
    if manifest is None:
        raise UsageError(f"there is no job {job_id} in {jobs.store.url} (pagefleet list)")
    return manifest
