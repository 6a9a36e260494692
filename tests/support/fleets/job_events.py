"""The events of docs/adr/0002-purge-cancel-submit.md, as commands and processes run them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from producer.submission.reopening import reopen, resume
from shared.domain.records.job import Manifest
from shared.domain.records.messages import ReduceMessage
from shared.jobs.cancelling import cancel_job
from shared.jobs.purging import is_removable, remove
from tests.support.fleets.stepped_fleet import SteppedFleet
from tests.support.fleets.stepping import Actor
from workers.tasks.merging.reduce_task import ReduceTask


class Refused(Exception):
    """The command reports an error and changes nothing."""


@dataclass(frozen=True)
class JobEvents:
    """All events of one job; each is one actor of the fleet."""

    fleet: SteppedFleet
    job_id: str
    document: int

    def begin(self, event: str) -> Actor:
        """The actor of ``event``, before its first step; raises Refused."""
        work: Callable[[], Actor] = getattr(self, event)
        return work()

    def submit(self) -> Actor:
        """``pagefleet submit`` of the job's document."""
        return self.fleet.submit(self.document, "normal")

    def cancel(self) -> Actor:
        """``pagefleet cancel``."""
        manifest = self._manifest()
        jobs, dispatch_state = self.fleet.jobs, self.fleet.dispatch_state
        return self._actor(lambda: cancel_job(manifest, jobs, dispatch_state, 0.0))

    def retry(self) -> Actor:
        """``pagefleet retry``."""
        manifest, fleet = self._manifest(), self.fleet
        done = fleet.jobs.done(self.job_id)
        if done is None or not done.counts.failed:
            raise Refused

        def work() -> None:
            reopen(manifest, fleet.jobs, fleet.dispatch_state)
            resume(manifest, fleet.jobs, fleet.dispatch_state, fleet.wire)

        return self._actor(work)

    def purge(self) -> Actor:
        """``pagefleet purge``."""
        if not is_removable(self.fleet.jobs, self.job_id, math.inf):
            raise Refused

        def work() -> None:
            remove(self.fleet.jobs, self.job_id, stalled_s=0.0)
            self.fleet.dispatch_state.jobs.forget(self.job_id)

        return self._actor(work)

    def reduce(self) -> Actor:
        """A control process handles a reduce message."""
        return self._actor(lambda: self._reduce_task().handle(ReduceMessage(job_id=self.job_id)))

    def sweep(self) -> Actor:
        """A round of a sweeper, and the reduce messages that it sends."""
        fleet = self.fleet
        fleet.client.delete("pagefleet:lock:sweeper")

        def work() -> None:
            fleet.sweepers[0].sweep()
            while job_id := fleet.wire.take_reduce():
                self._reduce_task().handle(ReduceMessage(job_id=job_id))

        return self._actor(work)

    def _reduce_task(self) -> ReduceTask:
        return ReduceTask(self.fleet.jobs, self.fleet.dispatch_state, self.fleet.wire)

    def _manifest(self) -> Manifest:
        manifest = self.fleet.jobs.manifest(self.job_id)
        if manifest is None:
            raise Refused
        return manifest

    def _actor(self, work: Callable[[], object]) -> Actor:
        return self.fleet.stage.begin("event", work)
