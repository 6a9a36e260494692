"""Finds stored jobs: by id, all open ones, or all."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from shared.console.entry_point import print_message
from shared.domain import object_keys
from shared.domain.errors import DocumentError, UsageError
from shared.domain.records import Manifest
from shared.jobs.job_store import READERS, JobStore


def find_job(jobs: JobStore, job_id: str) -> Manifest:
    """The manifest of a job that the user named; raises UsageError."""
    object_keys.check_job_id(job_id)
    manifest = jobs.manifest(job_id)
    if manifest is None:
        raise UsageError(f"there is no job {job_id} in {jobs.store.url} (pagefleet list)")
    return manifest


def open_jobs(jobs: JobStore) -> Iterator[Manifest]:
    """Every job that has a job marker and has not ended."""
    for key in jobs.store.list(object_keys.OPEN):
        manifest = jobs.manifest(key.removeprefix(object_keys.OPEN))
        if manifest is not None and jobs.done(manifest.job_id) is None:
            yield manifest


def all_jobs(jobs: JobStore) -> Iterator[Manifest]:
    """Every job in the store; prints a warning for a manifest that can't be read."""
    with ThreadPoolExecutor(READERS, thread_name_prefix="manifests") as pool:
        for manifest in pool.map(partial(_manifest_or_error, jobs), jobs.job_ids()):
            if isinstance(manifest, DocumentError):
                print_message(f"warning: {manifest.message}")
            elif manifest is not None:
                yield manifest


def _manifest_or_error(jobs: JobStore, job_id: str) -> Manifest | DocumentError | None:
    try:
        return jobs.manifest(job_id)
    except DocumentError as error:
        return error
