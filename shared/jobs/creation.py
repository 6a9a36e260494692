"""Creates a job: marker, source, manifest, and only then the queues.

In this order a crash leaves no incomplete job: the sweeper finds by its marker what was written.
A purge of an earlier job of the same id ends before, and one that is slow is made up for after.
"""

import time
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING

from shared.broker.dispatch_state import DispatchState
from shared.domain import object_keys
from shared.domain.errors import NotADocument
from shared.domain.records.base import to_json
from shared.domain.records.job import Manifest
from shared.jobs.activation import open_job
from shared.jobs.job_store import JobStore
from shared.jobs.purging import STALLED_S, end_purge, is_half_purged, purge_rest

if TYPE_CHECKING:
    from shared.broker.dispatcher import Dispatcher

#: How often a new job is written because a slow purge removed parts of it.
TRIES = 5


@dataclass(frozen=True)
class SourceFile:
    """The file to store as a job's source."""

    path: Path
    #: Its version, where the S3 object at the manifest's ``source.uri`` has the same bytes.
    etag: str | None = None


def create_job(
    manifest: Manifest,
    source: SourceFile,
    jobs: JobStore,
    dispatch_state: DispatchState,
    dispatcher: "Dispatcher",
    stalled_purge_s: float = STALLED_S,
) -> bool:
    """Store the job and open it; False where another submission stored its manifest first.

    A purge of an earlier job that stalled for ``stalled_purge_s`` seconds is completed first.
    Raises NotADocument where ``source`` is not the document of the manifest any more.
    """
    for fresh in chain([True], repeat(False, TRIES - 1)):
        _end_earlier_purge(jobs, manifest.job_id, stalled_purge_s)
        if not _write(manifest, source, jobs, dispatch_state):
            return False
        open_job(manifest, jobs, dispatch_state, dispatcher, fresh=fresh)
        if _is_complete(manifest, jobs):
            break
    return True


def _write(
    manifest: Manifest, source: SourceFile, jobs: JobStore, dispatch_state: DispatchState
) -> bool:
    """Put the job into the store; False where its manifest exists already."""
    job_id = manifest.job_id
    # Also before the source: the sweeper finds a source without a manifest by its marker.
    jobs.mark_open(job_id, time.time())
    dispatch_state.place(job_id)
    # A purged job of the same id may have left its end in the dispatch state.
    dispatch_state.jobs.forget(job_id)
    _store_source(manifest, source, jobs)
    jobs.mark_open(job_id, time.time())
    return jobs.store.put_new(object_keys.manifest(job_id), to_json(manifest))


def _end_earlier_purge(jobs: JobStore, job_id: str, stalled_s: float) -> None:
    if is_half_purged(jobs, job_id):
        end_purge(jobs, job_id, stalled_s)
    elif jobs.done(job_id) is not None and jobs.manifest(job_id) is None:
        purge_rest(jobs, job_id)  # left by a purge that could not write its marker


def _store_source(manifest: Manifest, source: SourceFile, jobs: JobStore) -> None:
    uri, key = manifest.source.uri, object_keys.source(manifest.job_id, manifest.source.key)
    if uri and source.etag and jobs.store.copy_from(uri, key, source.etag):
        return
    try:
        jobs.store.put_file(key, source.path, manifest.sha256)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NotADocument(f"the document can't be read any more: {reason}") from None


def _is_complete(manifest: Manifest, jobs: JobStore) -> bool:
    """Whether a slow purge removed nothing of the new job; stops a purge that goes on."""
    job_id = manifest.job_id
    marker = jobs.marker(job_id)
    if marker.is_purge if marker is not None else jobs.done(job_id) is None:
        jobs.mark_open(job_id, time.time())
    source = object_keys.source(job_id, manifest.source.key)
    return jobs.store.exists(source) and jobs.manifest(job_id) is not None
