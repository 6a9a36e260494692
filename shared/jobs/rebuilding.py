"""Brings every job of a restored store to an end: opens what is unfinished or incomplete.

A copy of a store may lack objects: those that were written while it was copied, and those that were
lost. Nothing that is there is read again.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from shared.broker.dispatch_state import DispatchState
from shared.domain import object_keys
from shared.domain.errors import DocumentError, NotFound
from shared.domain.records.job import Manifest
from shared.jobs.activation import open_job
from shared.jobs.job_store import READERS, JobStore, missing_pages
from shared.jobs.purging import is_half_purged

if TYPE_CHECKING:
    from shared.broker.dispatcher import Dispatcher

Finding = Literal["complete", "opened", "no source", "unreadable"]


@dataclass(frozen=True)
class RebuiltJob:
    """What was found of one job, and done: an opened job is read and merged by the fleet."""

    job_id: str
    finding: Finding


def rebuild(
    jobs: JobStore, dispatch_state: DispatchState, dispatcher: "Dispatcher"
) -> Iterator[RebuiltJob]:
    """Look at every job of the store; repeating it is harmless, also beside a running fleet.

    Raises StoreUnreachable, BrokerUnreachable.
    """
    job_ids = jobs.job_ids()
    with ThreadPoolExecutor(READERS, thread_name_prefix="rebuild") as pool:
        while batch := list(islice(job_ids, READERS * 8)):
            for found in pool.map(
                lambda each: _look(jobs, dispatch_state, dispatcher, each), batch
            ):
                if found is not None:
                    yield found


def _look(
    jobs: JobStore, dispatch_state: DispatchState, dispatcher: "Dispatcher", job_id: str
) -> RebuiltJob | None:
    try:
        manifest = jobs.manifest(job_id)
        if manifest is None or is_half_purged(jobs, job_id):
            return None  # a dead submission or a purge: the sweeper completes it
        if _has_ended(jobs, manifest):
            return RebuiltJob(job_id, "complete")
        if not jobs.store.exists(object_keys.source(job_id, manifest.source.key)):
            return RebuiltJob(job_id, "no source")
        _open(jobs, dispatch_state, dispatcher, manifest)
        return RebuiltJob(job_id, "opened")
    except (DocumentError, NotFound):  # NotFound: its results vanish while they are read
        return RebuiltJob(job_id, "unreadable")


def _has_ended(jobs: JobStore, manifest: Manifest) -> bool:
    done = jobs.done(manifest.job_id)
    # The pages of a cancelled job must not be read, also where their records are lost.
    return done is not None and (done.status == "cancelled" or is_complete(jobs, manifest))


def is_complete(jobs: JobStore, manifest: Manifest) -> bool:
    """Whether an ended job has its document and a result of every page."""
    job_id = manifest.job_id
    documents = (object_keys.document(job_id, suffix) for suffix in ("md", "json"))
    has_documents = all(map(jobs.store.exists, documents))
    return has_documents and not missing_pages(manifest, jobs.page_states(job_id))


def _open(
    jobs: JobStore, dispatch_state: DispatchState, dispatcher: "Dispatcher", manifest: Manifest
) -> None:
    job_id = manifest.job_id
    if jobs.done(job_id) is not None:
        jobs.undo_done(manifest)
        dispatch_state.jobs.forget(job_id)
    else:
        jobs.mark_open(job_id, manifest.created)
    if dispatch_state.jobs.state(job_id) is None:
        open_job(manifest, jobs, dispatch_state, dispatcher)
