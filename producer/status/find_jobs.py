"""Finds stored jobs: by id, all open ones, or all."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from shared.console.entry_point import print_message
from shared.domain import object_keys
from shared.domain.errors import DocumentError, UsageError
from shared.domain.records.job import Manifest
from shared.jobs.job_store import READERS, JobStore

_Found = TypeVar("_Found")
_Named = TypeVar("_Named")


def find_job(jobs: JobStore, job_id: str) -> Manifest:
    """The manifest of a job that the user named; raises UsageError."""
    object_keys.check_job_id(job_id)
    manifest = jobs.manifest(job_id)
    if manifest is None:
        raise UsageError(f"there is no job {job_id} in {jobs.store.url} (pagefleet list)")
    return manifest


def open_jobs(jobs: JobStore) -> Iterator[Manifest]:
    """Every job that has a job marker and has not ended; prints warnings like ``all_jobs``."""
    job_ids = (key.removeprefix(object_keys.OPEN) for key in jobs.store.list(object_keys.OPEN))
    return readable(or_error(partial(_open_job, jobs), job_id) for job_id in job_ids)


def all_jobs(jobs: JobStore) -> Iterator[Manifest]:
    """Every job in the store; prints a warning for a manifest that can't be read."""
    with ThreadPoolExecutor(READERS, thread_name_prefix="manifests") as pool:
        yield from readable(pool.map(partial(or_error, jobs.manifest), jobs.job_ids()))


def readable_facts(
    read: Callable[[Manifest], _Found | None], manifests: Iterable[Manifest]
) -> Iterator[_Found]:
    """What ``read`` finds of each job; prints a warning for a job with a damaged record."""
    return readable(or_error(read, each) for each in manifests)


def readable(found: Iterable[_Found | DocumentError | None]) -> Iterator[_Found]:
    """What was found, with a warning for each error: one bad record must not stop a command."""
    for each in found:
        if isinstance(each, DocumentError):
            print_message(f"warning: {each.message}")
        elif each is not None:
            yield each


def or_error(
    read: Callable[[_Named], _Found | None], named: _Named
) -> _Found | DocumentError | None:
    """What ``read`` returns, or its DocumentError."""
    try:
        return read(named)
    except DocumentError as error:
        return error


def _open_job(jobs: JobStore, job_id: str) -> Manifest | None:
    manifest = jobs.manifest(job_id)
    return manifest if manifest is not None and jobs.done(job_id) is None else None
