"""The store and broker of one command, opened at first use."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.broker.dispatch_state import DispatchState
from shared.broker.heartbeats import MAX_NAME
from shared.config.hardware import local_engine
from shared.config.settings import Settings
from shared.domain.catalogue import CATALOGUE, engine_facts
from shared.domain.errors import BrokerUnreachable, PagefleetError
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from shared.storage.store import ObjectStore

if TYPE_CHECKING:
    from shared.broker.dispatcher import Dispatcher


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


def pool_warning(
    dispatch_state: DispatchState, engine: str, model: str | None = None
) -> str | None:
    """A warning line where no live worker serves ``engine`` with ``model``, else None."""
    try:
        workers = dispatch_state.workers.live(engine)
    except PagefleetError:
        return None
    start = f"pages wait until one starts (pagefleet-worker start --engine {engine}"
    if not workers:
        return f"warning: no live worker serves engine {engine!r}; {start})"
    # Workers of older versions may not report their model.
    models = {worker.facts.get("model") for worker in workers}
    if model is None or None in models or model[-MAX_NAME:] in models:
        return None
    return (
        f"warning: no live worker of engine {engine!r} has model {model}; {start} --model {model})"
    )


def choose_engine(settings: Settings, dispatch_state: DispatchState | None) -> str:
    """The engine for new jobs: the setting, else the first of the catalogue with a live worker,
    else the best engine for this machine.
    """
    if settings.engine != "auto":
        engine_facts(settings.engine)
        return settings.engine
    if dispatch_state is not None:
        for name, facts in CATALOGUE.items():
            if facts.auto_submit and dispatch_state.workers.live(name):
                return name
    return local_engine()
