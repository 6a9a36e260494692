"""Removes jobs. The last word counts: a purge stops where somebody wrote a later marker.

A marker in ``open/`` says that a purge is at work, and changes while it goes on. Whoever meets
one leaves it alone until it has stood still for a while: then the process died, and is replaced.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from shared.domain import object_keys
from shared.domain.errors import StoreFull
from shared.domain.records import Manifest, to_json
from shared.jobs.job_marker import JobMarker
from shared.jobs.job_store import JobStore

#: Keys that are removed between two looks at the marker.
BATCH = 500
#: Seconds between two changes of the marker.
RENEW_S = 3.0
#: Seconds of standing still after which a person's command takes a purge for dead.
STALLED_S = 15.0
POLL_S = 0.2


def purge(jobs: JobStore, job_id: str) -> None:
    """Remove a job, the end of a purge that died too; what makes it a job goes first.

    A full store is cleaned even where there is no room for the marker.
    """
    work = _Purge(jobs, job_id)
    manifest = jobs.manifest(job_id)
    if manifest is not None:
        work.remove_manifest(manifest)
    work.remove_rest()


def purge_rest(jobs: JobStore, job_id: str) -> None:
    """Remove what is there of a job that has no manifest; one that came back stays."""
    _Purge(jobs, job_id).remove_rest()


def is_half_purged(jobs: JobStore, job_id: str) -> bool:
    """Whether a purge began and did not end; False for a job that was submitted since."""
    if not jobs.is_purging(job_id):
        return False
    manifest = jobs.manifest(job_id)
    return (
        manifest is None
        or jobs.done(job_id) is not None
        or not jobs.store.exists(object_keys.source(job_id, manifest.source.key))
    )


def is_removable(jobs: JobStore, job_id: str, horizon: float) -> bool:
    """Whether a job ended and was created before ``horizon``, or is half removed already."""
    manifest = jobs.manifest(job_id)
    if manifest is not None:
        return manifest.created < horizon and jobs.done(job_id) is not None
    if jobs.is_purging(job_id):
        return True
    # Whoever submits writes the marker before all else: without one it is nobody's.
    return jobs.marker(job_id) is None and jobs.manifest(job_id) is None


def remove(jobs: JobStore, job_id: str) -> None:
    """Purge a job, or see the purge of somebody else to its end."""
    (end_purge if is_half_purged(jobs, job_id) else purge)(jobs, job_id)


def end_purge(jobs: JobStore, job_id: str) -> None:
    """Wait for the purge of a job that is being purged; do its work where it stands still."""
    seen, since = jobs.marker(job_id), time.monotonic()
    while is_half_purged(jobs, job_id):
        if time.monotonic() - since >= STALLED_S:
            again = purge_rest if jobs.manifest(job_id) is None else purge
            again(jobs, job_id)
            return
        time.sleep(POLL_S)
        last, seen = seen, jobs.marker(job_id)
        if seen != last:
            since = time.monotonic()


class _Purge:
    """One process's work on one job."""

    def __init__(self, jobs: JobStore, job_id: str) -> None:
        self._jobs = jobs
        self._job_id = job_id
        self._own: JobMarker | None = None
        self._written = 0.0
        self._removed = False
        self._mark()

    def remove_manifest(self, manifest: Manifest) -> None:
        """Unmake the job; made again where somebody submitted it in this very moment."""
        if self._lost_its_marker():
            return  # the manifest may be of a job that came, and ended, after this purge
        self._removed, job_id, store = True, self._job_id, self._jobs.store
        # In this order: a death between the two leaves no job, and _DONE is no job's.
        store.delete([object_keys.manifest(job_id), object_keys.done(job_id)])
        submitted = self._lost_its_marker() and not self._jobs.is_purging(job_id)
        if submitted and self._has_source(manifest):
            store.put_new(object_keys.manifest(job_id), to_json(manifest))

    def remove_rest(self) -> None:
        """Remove all but the manifest, as long as nobody came meanwhile."""
        if self._goes_on():
            self._jobs.unmark_notify(self._job_id)
            self._delete(self._names())
            # Last, and only after another look: whoever submits can't do without it.
            self._delete(list(self._jobs.store.list(object_keys.job(self._job_id) + "source.")))
        self._finish()

    def _names(self) -> Iterator[str]:
        folder = object_keys.job(self._job_id)
        kept = (object_keys.manifest(self._job_id), folder + "source.")
        return (key for key in self._jobs.store.list(folder) if not key.startswith(kept))

    def _delete(self, names: Iterable[str]) -> None:
        left = iter(names)
        while (batch := list(islice(left, BATCH))) and self._goes_on():
            self._removed = True
            self._jobs.store.delete(batch)

    def _goes_on(self) -> bool:
        """Whether this is still the last word; the marker is kept fresh."""
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
            return  # whoever submitted looks for it; the marker tells where he died
        elif self._removed:
            # What was taken of the new job's pages is read again.
            self._jobs.undo_done(again)
        elif self._jobs.marker(self._job_id) == self._own:
            self._jobs.mark_open(self._job_id, again.created)

    def _unmark(self) -> None:
        """Remove the marker, but not that of somebody who submits just now."""
        self._jobs.unmark_open(self._job_id)
        again = self._jobs.manifest(self._job_id)
        if again is not None and self._jobs.done(self._job_id) is None:
            self._jobs.mark_open(self._job_id, again.created)
