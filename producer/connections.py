"""The store and broker of one command, opened at first use."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from shared.broker.dispatch_state import DispatchState
from shared.broker.shards.shard_brokers import ShardBrokers
from shared.broker.shards.sharded_state import ShardedDispatchState
from shared.config.settings import Settings
from shared.console.entry_point import print_message
from shared.domain.errors import BrokerUnreachable, ExitCode, PagefleetError, TransientError
from shared.domain.pools import Pool
from shared.jobs.job_store import JobStore
from shared.jobs.shards import JobShards
from shared.storage.factory import open_store
from shared.storage.store import ObjectStore

if TYPE_CHECKING:
    from shared.broker.dispatcher import Dispatcher

#: Seconds between two questions to a service that does not answer.
RETRY_S = 2.0


class Connections:
    """The services that a command uses; each property raises while its service is unreachable."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def store(self) -> ObjectStore:
        """The object store; raises StoreUnreachable."""
        store = open_store(self.settings)
        store.check()
        return store

    @cached_property
    def jobs(self) -> JobStore:
        """The jobs in the store."""
        return JobStore(self.store)

    @cached_property
    def dispatch_state(self) -> DispatchState:
        """The dispatch state; raises BrokerUnreachable."""
        dispatch_state = self._sharded_state() if self.is_sharded else DispatchState(self.settings)
        dispatch_state.ping()
        return dispatch_state

    @cached_property
    def dispatcher(self) -> "Dispatcher":
        """Publishes tasks to the queues."""
        # Imported here, because loading Celery takes longer than most commands run.
        from shared.broker.dispatcher import Dispatcher

        if self.is_sharded:
            from shared.broker.shards.sharded_dispatcher import ShardedDispatcher

            return ShardedDispatcher(self.settings, self.brokers, self.job_shards.find)
        return Dispatcher(self.settings, self.dispatch_state)

    @property
    def is_sharded(self) -> bool:
        """Whether the fleet has several brokers; commands use all, whatever ``shard`` is."""
        return self.settings.broker_count > 1

    @cached_property
    def brokers(self) -> ShardBrokers:
        """The brokers of a sharded fleet; each that is silent is named once."""
        return ShardBrokers(self.settings, print_message)

    @cached_property
    def job_shards(self) -> JobShards:
        """Which of them has a job."""
        return JobShards(self.jobs, self.settings.broker_count)

    def _sharded_state(self) -> DispatchState:
        return ShardedDispatchState(
            self.brokers,
            lambda job_id: self.job_shards.find(job_id),
            lambda job_id: self.job_shards.place(job_id),
        )

    def reach(self) -> ExitCode:
        """UNREACHABLE where a shard did not answer this command, whose answers then lack it."""
        is_partial = self.is_sharded and self.brokers.silent()
        return ExitCode.UNREACHABLE if is_partial else ExitCode.OK

    def dispatch_state_or_none(self) -> DispatchState | None:
        """The dispatch state; None where no broker is configured or none answers."""
        if self.settings.redis_url is None:
            return None
        try:
            return self.dispatch_state
        except BrokerUnreachable:
            return None


class ShardConnections(Connections):
    """Those of the one shard that the settings name, for questions; it submits no job."""

    is_sharded = False


def wait_for_services(connections: Connections, report: Callable[[Exception], None]) -> None:
    """Return when broker and store answer; what waiting can't change raises, as without it."""
    while True:
        try:
            _ = connections.dispatch_state, connections.store
            return
        except TransientError as error:
            if not error.may_pass:
                raise
            report(error)
        time.sleep(RETRY_S)


def pool_warning(dispatch_state: DispatchState, pool: Pool) -> str | None:
    """A line where no live worker reads pages of ``pool``, else None; a note if it is declared."""
    try:
        if dispatch_state.workers.live(pool.id):
            return fault_warning(dispatch_state, pool)
        declared = {each.pool for each in dispatch_state.pools.declared()}
    except PagefleetError:
        return None
    missing = f"no live worker serves {_shown(pool)}"
    if pool in declared:
        return f"note: {missing} now; pages wait until the fleet starts one"
    return f"warning: {missing}; pages wait until one starts ({_start_command(pool)})"


def quota_note(dispatch_state: DispatchState, pool: Pool, tenant: str | None) -> str | None:
    """A line where the quota of a tenant keeps its pages in ``pool`` back, else None."""
    try:
        pages = (
            dispatch_state.pools.at_quota(pool.id).get(tenant or "") if tenant is not None else None
        )
    except PagefleetError:
        return None
    if pages is None:
        return None
    return (
        f"note: tenant {tenant!r} has its quota of outstanding pages in pool {pool.id} ({pages}); "
        "its next pages follow as these end"
    )


def fault_warning(dispatch_state: DispatchState, pool: Pool) -> str | None:
    """A line where each live worker of ``pool`` had to return its last page, else None."""
    try:
        workers = dispatch_state.workers.live(pool.id)
    except PagefleetError:
        return None
    faults = [str(worker.facts.get("fault", "")) for worker in workers]
    if not faults or not all(faults):
        return None
    return f"warning: no worker of {_shown(pool)} can read pages now; they wait: {faults[0]}"


def _shown(pool: Pool) -> str:
    """The pool for messages: its engine, and the model where it is not the engine's default."""
    named = f"engine {pool.engine!r}"
    return named if pool.id == pool.engine else f"{named} with model {pool.weights}"


def _start_command(pool: Pool) -> str:
    command = f"pagefleet-worker start --engine {pool.engine}"
    if pool.id == pool.engine:
        return command
    revision = f" --revision {pool.revision}" if pool.revision else ""
    return f"{command} --model {pool.model}{revision}"
