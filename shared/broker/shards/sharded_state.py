"""A dispatch state whose jobs are on several brokers.

What names a job asks the job's broker; what names none asks all and joins their answers.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from shared.broker.dispatch_state import DispatchState
from shared.broker.job_state import ClosedJob, JobProgress, JobState
from shared.broker.liveness.heartbeats import LiveProcess, Role, RoleHeartbeats
from shared.broker.liveness.live_workers import LiveWorker, LiveWorkers
from shared.broker.page_state import PageState
from shared.broker.pool_state import DECLARED_S, DeclaredPool, PoolState
from shared.broker.shards.shard_brokers import ShardBrokers
from shared.domain.pools import Pool

#: Returns the number of the shard that has a job.
FindShard = Callable[[str], int]


class ShardedDispatchState(DispatchState):
    """For commands; thread-safe.

    A question about a job of a silent shard raises ShardUnreachable; one about the fleet raises
    BrokerUnreachable where no shard answers.
    """

    def __init__(self, brokers: ShardBrokers, find: FindShard, place: FindShard) -> None:
        self._brokers = brokers
        self._find = find
        self._place = place
        self.jobs = _Jobs(self)
        self.pages = _Pages(self, brokers)
        self.workers = _Workers(brokers)
        self.pools = _Pools(brokers)
        self.roles = _Roles(brokers)

    def of(self, job_id: str) -> DispatchState:
        """The dispatch state of the job's shard; raises ShardUnreachable."""
        return self._brokers.ask(self._find(job_id), lambda state: state)

    def ask(self, job_id: str, call: Callable[[DispatchState], Any]) -> Any:
        """The answer of the job's shard."""
        return self._brokers.ask(self._find(job_id), call)

    def place(self, job_id: str) -> None:
        """Write to the store which shard has a new job."""
        self._place(job_id)

    def ping(self) -> None:
        """Raise BrokerUnreachable unless a shard answers."""
        self._brokers.ask_all(lambda _: None)

    def now(self) -> float:
        """Seconds since the epoch, by the first clock that answers."""
        return self._brokers.ask_all(lambda state: state.now())[0]

    def close(self) -> None:
        """Close the connections."""
        self._brokers.close()


class _Jobs(JobState):
    def __init__(self, fleet: ShardedDispatchState) -> None:
        self._fleet = fleet

    def forget(self, job_id: str) -> None:
        self._fleet.ask(job_id, lambda state: state.jobs.forget(job_id))

    def end(self, job_id: str) -> ClosedJob | None:
        closed: ClosedJob | None = self._fleet.ask(job_id, lambda state: state.jobs.end(job_id))
        return closed

    def end_cancelled(self, job_id: str) -> None:
        self._fleet.ask(job_id, lambda state: state.jobs.end_cancelled(job_id))

    def cancel(self, job_id: str) -> None:
        self._fleet.ask(job_id, lambda state: state.jobs.cancel(job_id))

    def reopen(self, job_id: str) -> None:
        self._fleet.ask(job_id, lambda state: state.jobs.reopen(job_id))

    def keep_cancelled(self, job_id: str) -> str:
        return str(self._fleet.ask(job_id, lambda state: state.jobs.keep_cancelled(job_id)))

    def state(self, job_id: str) -> str | None:
        found: str | None = self._fleet.ask(job_id, lambda state: state.jobs.state(job_id))
        return found

    def progress(self, job_id: str) -> JobProgress | None:
        found: JobProgress | None = self._fleet.ask(
            job_id, lambda state: state.jobs.progress(job_id)
        )
        return found

    def ids(self, pool: str, priority: str) -> list[str]:
        return _joined(self._fleet._brokers, lambda state: state.jobs.ids(pool, priority))


class _Pages(PageState):
    def __init__(self, fleet: ShardedDispatchState, brokers: ShardBrokers) -> None:
        self._fleet = fleet
        self._brokers = brokers

    def in_flight(self, pool: str, job_id: str) -> list[int]:
        found = self._fleet.ask(job_id, lambda state: state.pages.in_flight(pool, job_id))
        return list(found)

    def outstanding(self, pool: str) -> int:
        return sum(self._brokers.ask_all(lambda state: state.pages.outstanding(pool)))


class _Workers(LiveWorkers):
    def __init__(self, brokers: ShardBrokers) -> None:
        self._brokers = brokers

    def live(self, pool: str) -> list[LiveWorker]:
        return _joined(self._brokers, lambda state: state.workers.live(pool))

    def level(self) -> int:
        return min(self._brokers.ask_all(lambda state: state.workers.level()))


class _Pools(PoolState):
    def __init__(self, brokers: ShardBrokers) -> None:
        self._brokers = brokers

    def ids(self) -> list[str]:
        return sorted(set(_joined(self._brokers, lambda state: state.pools.ids())))

    def declare(self, pools: Iterable[Pool], seconds: float = DECLARED_S) -> None:
        """Declare ``pools`` at each shard."""
        each = list(pools)
        self._brokers.ask_all(lambda state: state.pools.declare(each, seconds))

    def withdraw(self, ids: Iterable[str]) -> int:
        each = list(ids)
        return sum(self._brokers.ask_all(lambda state: state.pools.withdraw(each)))

    def declared(self) -> list[DeclaredPool]:
        """Each pool once, with the declaration that ends last."""
        found = _joined(self._brokers, lambda state: state.pools.declared())
        latest = {each.pool.id: each for each in sorted(found, key=lambda each: each.expires)}
        return [latest[name] for name in sorted(latest)]


class _Roles(RoleHeartbeats):
    def __init__(self, brokers: ShardBrokers) -> None:
        self._brokers = brokers

    def live(self, role: Role) -> list[LiveProcess]:
        return _joined(self._brokers, lambda state: state.roles.live(role))


def _joined(brokers: ShardBrokers, call: Callable[[DispatchState], list[Any]]) -> list[Any]:
    return list(chain.from_iterable(brokers.ask_all(call)))
