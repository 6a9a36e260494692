"""The dispatch state: what Redis holds about open jobs and pages.

All of it can be rebuilt from the object store. Each change is one Lua script, so that it happens
completely or not at all, and by the broker's clock.
"""

from shared.broker.connection import broker_errors, connect
from shared.broker.job_state import JobState
from shared.broker.liveness.heartbeats import RoleHeartbeats
from shared.broker.liveness.live_workers import LiveWorkers
from shared.broker.page_state import PageState
from shared.broker.pool_state import PoolState
from shared.broker.scripts import Scripts
from shared.broker.sweeper_state import SweeperState
from shared.config.settings import Settings


class DispatchState:
    """All parts over one connection; thread-safe; raises BrokerUnreachable."""

    def __init__(self, settings: Settings, scripts: Scripts | None = None) -> None:
        self._settings = settings
        self._scripts = scripts or Scripts(settings)
        self.workers = LiveWorkers(self._scripts)
        self.jobs = JobState(self._scripts, self.workers.level)
        self.pages = PageState(self._scripts)
        self.pools = PoolState(self._scripts)
        self.roles = RoleHeartbeats(self._scripts)
        self.sweeper = SweeperState(self._scripts)

    def ping(self) -> None:
        """Raise BrokerUnreachable unless the broker answers within seconds."""
        with broker_errors(self._settings), connect(self._settings, hasty=True) as probe:
            probe.ping()

    def now(self) -> float:
        """Seconds since the epoch by the broker's clock, which all scripts use."""
        return self._scripts.now()

    def close(self) -> None:
        """Close the connections."""
        self._scripts.close()
