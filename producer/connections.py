"""The store and broker of one command, opened at first use."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from shared.broker.dispatch_state import DispatchState
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable, PagefleetError, TransientError
from shared.domain.pools import Pool
from shared.jobs.job_store import JobStore
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
        dispatch_state = DispatchState(self.settings)
        dispatch_state.ping()
        return dispatch_state

    @cached_property
    def dispatcher(self) -> "Dispatcher":
        """Publishes tasks to the queues."""
        # Imported here, because loading Celery takes longer than most commands run.
        from shared.broker.dispatcher import Dispatcher

        return Dispatcher(self.settings, self.dispatch_state)

    def dispatch_state_or_none(self) -> DispatchState | None:
        """The dispatch state; None where no broker is configured or none answers."""
        if self.settings.redis_url is None:
            return None
        try:
            return self.dispatch_state
        except BrokerUnreachable:
            return None


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
