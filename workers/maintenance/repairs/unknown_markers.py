"""Adopts open jobs of the store that the broker does not know, by their job markers.

A job marker exists from before the manifest until after ``_DONE``, or while a purge runs. So a
marker may also be a job that was cancelled, a dead submission or a dead purge; those are
completed or removed.
"""

import logging
import time
from dataclasses import dataclass, field
from typing import ClassVar

from shared.domain import object_keys
from shared.domain.errors import PagefleetError
from shared.domain.records.job import Manifest
from shared.jobs.activation import open_job
from shared.jobs.cancelling import finish_cancel
from shared.jobs.job_marker import JobMarker
from shared.jobs.purging import is_half_purged, purge, purge_rest
from workers.maintenance.own_jobs import OwnJobs
from workers.maintenance.repairs.repair import JobRepair

log = logging.getLogger("pagefleet.sweep")
MARKERS_PER_ROUND = 1000


@dataclass(eq=False)
class UnknownMarkers(JobRepair):
    """A bounded number of markers per round; the broker holds the position in the list."""

    kind: ClassVar[str | None] = "adopted"

    own: OwnJobs
    #: Markers of dead submissions and purges: content, and since when (monotonic clock) this
    #: sweeper sees that content.
    _unchanged: dict[str, tuple[JobMarker | None, float]] = field(default_factory=dict, init=False)

    def run(self) -> int:
        """Look at the next markers; returns the number of jobs opened, cancelled or purged."""
        after = self._dispatch_state.sweeper.cursor("adopt")
        keys = list(
            self._jobs.store.list(object_keys.OPEN, start_after=after, limit=MARKERS_PER_ROUND)
        )
        is_last_part = len(keys) < MARKERS_PER_ROUND
        job_ids = [key.removeprefix(object_keys.OPEN) for key in keys]
        if not after and is_last_part:  # this list is complete
            self._forget_all_but(set(job_ids))
        repaired = sum(map(self._repair, job_ids))
        self._dispatch_state.sweeper.cursor("adopt", "" if is_last_part else keys[-1])
        return repaired

    def _forget_all_but(self, job_ids: set[str]) -> None:
        self._unchanged = {job: seen for job, seen in self._unchanged.items() if job in job_ids}

    def _repair(self, job_id: str) -> int:
        state = self._dispatch_state.jobs.state(job_id)
        if state == "open" or not self.own.has(job_id):
            return 0
        try:
            manifest = self._jobs.manifest(job_id)
            # Again, after the manifest: until that is written, its shard may not be either.
            if not self.own.has(job_id, fresh=True):
                return 0
            if state == "cancelled" and manifest is not None:
                wait_s = self._timings.release_wait_s
                finish_cancel(manifest, self._jobs, self._dispatch_state, wait_s)
                return 1
            return self._adopt(job_id, manifest)
        except PagefleetError as error:
            log.error("can't adopt job %s: %s", job_id, error.message)
            return 0

    def _adopt(self, job_id: str, manifest: Manifest | None) -> int:
        if is_half_purged(self._jobs, job_id):
            return self._complete_dead_purge(job_id)
        if manifest is None:
            self._remove_dead_submission(job_id)
            return 0
        if self._jobs.done(job_id) is not None:
            self._remove_marker(job_id)
            return 0
        if self._jobs.is_purging(job_id):
            # The job was submitted again while a purge was under way that did not see it.
            self._jobs.mark_open(job_id, manifest.created)
        pool, labels = manifest.options.pool.id, manifest.labels
        if not self._dispatch_state.jobs.has_room(pool, manifest.priority, labels):
            return 0
        open_job(manifest, self._jobs, self._dispatch_state, self._dispatcher, pauses_s=())
        return 1

    def _remove_marker(self, job_id: str) -> None:
        """The job has ended; a purge may have begun since, whose marker must stay."""
        if not self._jobs.is_purging(job_id):
            self._jobs.unmark_open(job_id)

    def _complete_dead_purge(self, job_id: str) -> int:
        if self._unchanged_s(job_id) <= self._timings.dead_purge_s:
            return 0
        (purge_rest if self._jobs.manifest(job_id) is None else purge)(self._jobs, job_id)
        self._dispatch_state.jobs.forget(job_id)
        return 1

    def _remove_dead_submission(self, job_id: str) -> None:
        if self._unchanged_s(job_id) > self._timings.dead_submission_s:
            purge_rest(self._jobs, job_id)

    def _unchanged_s(self, job_id: str) -> float:
        """Seconds in which this sweeper saw the marker unchanged.

        The time inside the marker is not used: another machine's clock may be hours off.
        """
        marker, now = self._jobs.marker(job_id), time.monotonic()
        previous, since = self._unchanged.get(job_id, (marker, now))
        if previous != marker:
            since = now
        self._unchanged[job_id] = marker, since
        return now - since
