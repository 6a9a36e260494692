"""What all repairs have in common."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.jobs.cancelling import RELEASE_WAIT_S
from shared.jobs.job_store import JobStore


class Repair(Protocol):
    """One kind of repair; raises TransientError while the broker or the store is down."""

    #: Label ``kind`` of the metric of repairs; None for routine work, which is not counted.
    kind: ClassVar[str | None]

    def run(self) -> int:
        """Repair what needs it now; returns how much was repaired."""


@dataclass
class SweepTimings:
    """Limits, in seconds, after which the sweeper repairs something."""

    #: A page whose message is missing, from the first to the last look that misses it.
    lost_after_s: float = 20.0
    #: A job without its document though all pages are done, or without progress though all
    #: pages were dispatched.
    stalled_after_s: float = 60.0
    #: A marker without a manifest, since this sweeper first saw it: the submission died.
    dead_submission_s: float = 3600.0
    #: A purge whose marker does not change, since this sweeper first saw that marker.
    dead_purge_s: float = 180.0
    #: Difference between the clocks of this machine and the broker at which nothing is purged.
    clock_slack_s: float = 3600.0
    #: What workers get to release the pages of a cancelled job.
    release_wait_s: float = RELEASE_WAIT_S


@dataclass(eq=False)
class JobRepair:
    """The services of a repair that compares the broker's jobs with those of the store."""

    _jobs: JobStore
    _dispatch_state: DispatchState
    _dispatcher: Dispatcher
    _timings: SweepTimings
