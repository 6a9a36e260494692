"""The dispatch state: what Redis holds about open jobs and pages.

All of it can be rebuilt from the object store. Each change is one Lua script, so that it happens
completely or not at all, and by the broker's clock.
"""

from shared.broker.connection import KEY_PREFIX, broker_errors, connect, shown_address
from shared.broker.job_state import JobState
from shared.broker.liveness.heartbeats import RoleHeartbeats
from shared.broker.liveness.live_workers import LiveWorkers
from shared.broker.page_state import PageState
from shared.broker.pool_state import PoolState
from shared.broker.scripts import Scripts
from shared.broker.sweeper_state import SweeperState
from shared.config.settings import Settings
from shared.domain.errors import BrokerMisconfigured

#: The number of the shard that this broker is; only brokers of a list have it.
SHARD_KEY = f"{KEY_PREFIX}shard"


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
            if self._settings.broker_count > 1:
                probe.set(SHARD_KEY, self._settings.shard or 0, nx=True)
                self._check_shard(probe.get(SHARD_KEY))

    def _check_shard(self, found: object) -> None:
        """Jobs know their shard by its place in the list, so no broker may change its place."""
        number = self._settings.shard or 0
        if found != str(number):
            raise BrokerMisconfigured(
                f"broker {shown_address(self._settings)} is shard {found}, and "
                f"PAGEFLEET_REDIS_URL lists it as shard {number}; restore the order of the list"
            )

    def of(self, job_id: str) -> "DispatchState":
        """The dispatch state that has this job: this one."""
        return self

    def place(self, job_id: str) -> None:
        """Decide for good which broker has a new job; one broker leaves no choice."""

    def now(self) -> float:
        """Seconds since the epoch by the broker's clock, which all scripts use."""
        return self._scripts.now()

    def close(self) -> None:
        """Close the connections."""
        self._scripts.close()
