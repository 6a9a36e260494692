"""Removes jobs. The last command counts: a purge stops when another process writes the marker.

A purge writes its marker to ``open/<job_id>`` and rewrites it while it works. Other processes leave
an active purge alone and complete a stalled one, whose marker has not changed for a while. See
docs/adr/0002-purge-cancel-submit.md.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from shared.domain import object_keys
from shared.domain.errors import StoreFull
from shared.domain.records.base import to_json
from shared.domain.records.job import Manifest
from shared.jobs.job_marker import JobMarker
from shared.jobs.job_store import JobStore

#: Keys that are removed between two checks of the marker.
BATCH = 500
#: Seconds after which an active purge rewrites its marker.
RENEW_S = 3.0
#: Seconds without a change of the marker after which a command completes a stalled purge.
STALLED_S = 15.0
POLL_S = 0.2


def purge(jobs: JobStore, job_id: str) -> None:
    """Remove a job, or what a stalled purge left of it; ``job.json`` and ``_DONE`` go first.

    This also works on a full store, where there is no room for the marker.
    """
    work = _Purge(jobs, job_id)
    manifest = jobs.manifest(job_id)
    if manifest is not None:
        work.remove_manifest(manifest)
    work.remove_rest()


def purge_rest(jobs: JobStore, job_id: str) -> None:
    """Remove the objects of a job without a manifest; a job that was submitted again stays."""
    _Purge(jobs, job_id).remove_rest()


def is_half_purged(jobs: JobStore, job_id: str) -> bool:
    """Whether a purge is unfinished; False for a job that was submitted after it."""
    if not jobs.is_purging(job_id):
        return False
    manifest = jobs.manifest(job_id)
    return (
        manifest is None
        or jobs.done(job_id) is not None
        or not jobs.store.exists(object_keys.source(job_id, manifest.source.key))
    )


def is_removable(jobs: JobStore, job_id: str, horizon: float) -> bool:
    """Whether a job ended and was created before ``horizon``, or is half purged.

    ``horizon`` is in seconds since the epoch.
    """
    manifest = jobs.manifest(job_id)
    if manifest is not None:
        return manifest.created < horizon and jobs.done(job_id) is not None
    if jobs.is_purging(job_id):
        return True
    # A submission writes the marker first: without one, the objects belong to no submission.
    return jobs.marker(job_id) is None and jobs.manifest(job_id) is None


def remove(jobs: JobStore, job_id: str, stalled_s: float = STALLED_S) -> None:
    """Purge a job, or complete the purge of another process."""
    if is_half_purged(jobs, job_id):
        end_purge(jobs, job_id, stalled_s)
    else:
        purge(jobs, job_id)


def end_purge(jobs: JobStore, job_id: str, stalled_s: float = STALLED_S) -> None:
    """Wait until an active purge has ended; complete it where it is stalled."""
    marker, since = jobs.marker(job_id), time.monotonic()
    while is_half_purged(jobs, job_id):
        if time.monotonic() - since >= stalled_s:
            again = purge_rest if jobs.manifest(job_id) is None else purge
            again(jobs, job_id)
            return
        time.sleep(POLL_S)
        last, marker = marker, jobs.marker(job_id)
        if marker != last:
            since = time.monotonic()


class _Purge:
    """The purge of one job by this process."""

    def __init__(self, jobs: JobStore, job_id: str) -> None:
        self._jobs = jobs
        self._job_id = job_id
        self._own: JobMarker | None = None
        self._written = 0.0
        self._removed = False
        self._mark()

    def remove_manifest(self, manifest: Manifest) -> None:
        """Delete ``job.json`` and ``_DONE``; restored where the job was submitted meanwhile."""
        if self._lost_its_marker():
            return  # the manifest may be of a job that was submitted, and ended, after this purge
        self._removed, job_id, store = True, self._job_id, self._jobs.store
        # In this order: a death between the two leaves a _DONE without a job, which is harmless.
        store.delete([object_keys.manifest(job_id), object_keys.done(job_id)])
        submitted = self._lost_its_marker() and not self._jobs.is_purging(job_id)
        if submitted and self._has_source(manifest):
            store.put_new(object_keys.manifest(job_id), to_json(manifest))

    def remove_rest(self) -> None:
        """Remove everything but the manifest, unless the job is submitted meanwhile."""
        if self._may_continue():
            self._jobs.unmark_notify(self._job_id)
            self._delete(self._names())
            # Last, and after another check of the marker: a submission needs these objects.
            last = self._jobs.store.list(object_keys.job(self._job_id) + "s")
            self._delete([key for key in last if key.startswith(self._kept())])
        self._finish()

    def _names(self) -> Iterator[str]:
        kept = (object_keys.manifest(self._job_id), *self._kept())
        listed = self._jobs.store.list(object_keys.job(self._job_id))
        return (key for key in listed if not key.startswith(kept))

    def _kept(self) -> tuple[str, ...]:
        """What is removed last: the source and the shard."""
        return object_keys.job(self._job_id) + "source.", object_keys.shard(self._job_id)

    def _delete(self, names: Iterable[str]) -> None:
        remaining = iter(names)
        while (batch := list(islice(remaining, BATCH))) and self._may_continue():
            self._removed = True
            self._jobs.store.delete(batch)

    def _may_continue(self) -> bool:
        """Whether no later command exists; rewrites the marker where it is due."""
        if self._is_overtaken() or self._jobs.manifest(self._job_id) is not None:
            return False
        if self._own is None or time.monotonic() - self._written > RENEW_S:
            self._mark()
        return True

    def _is_overtaken(self) -> bool:
        return self._jobs.marker(self._job_id) not in (None, self._own)

    def _lost_its_marker(self) -> bool:
        return self._own is not None and self._jobs.marker(self._job_id) != self._own

    def _mark(self) -> None:
        with suppress(StoreFull):
            self._own = self._jobs.mark_purging(self._job_id)
            self._written = time.monotonic()

    def _has_source(self, manifest: Manifest) -> bool:
        return self._jobs.store.exists(object_keys.source(self._job_id, manifest.source.key))

    def _finish(self) -> None:
        again = self._jobs.manifest(self._job_id)
        if again is None:
            if not self._is_overtaken():
                self._unmark()
        elif not self._has_source(again):
            return  # the submission writes the source again; its marker stays if it dies
        elif self._removed:
            # Pages of the new job that this purge deleted are read again.
            self._jobs.undo_done(again)
        elif self._jobs.marker(self._job_id) == self._own:
            self._jobs.mark_open(self._job_id, again.created)

    def _unmark(self) -> None:
        """Remove the marker; written again where the job was submitted meanwhile."""
        self._jobs.unmark_open(self._job_id)
        again = self._jobs.manifest(self._job_id)
        if again is not None and self._jobs.done(self._job_id) is None:
            self._jobs.mark_open(self._job_id, again.created)
