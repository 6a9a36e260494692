"""Store and broker of one command, opened when first needed."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.broker.dispatch_state import Ledger
from shared.broker.pools import MAX_NAME
from shared.config.hardware import local_engine
from shared.config.settings import Settings
from shared.domain.catalogue import CATALOGUE, engine_facts
from shared.domain.errors import BrokerUnreachable, PagefleetError
from shared.jobs.job_store import JobStore
from shared.storage.store import ObjectStore, open_store

if TYPE_CHECKING:
    from shared.broker.dispatcher import Dispatcher


class Connections:
    """Everything a command talks to."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def store(self) -> ObjectStore:
        """The object store, reachable."""
        store = open_store(self.settings)
        store.check()
        return store

    @cached_property
    def jobs(self) -> JobStore:
        """Jobs in the store."""
        return JobStore(self.store)

    @cached_property
    def ledger(self) -> Ledger:
        """The broker's hot state, reachable."""
        ledger = Ledger(self.settings)
        ledger.ping()
        return ledger

    @cached_property
    def dispatcher(self) -> "Dispatcher":
        """What puts tasks on the queues."""
        # Celery takes longer to load than what most commands do.
        from shared.broker.dispatcher import Dispatcher

        return Dispatcher(self.settings, self.ledger)

    def ledger_if_any(self) -> Ledger | None:
        """The hot state where a broker is configured and answers."""
        if self.settings.redis_url is None:
            return None
        try:
            return self.ledger
        except BrokerUnreachable:
            return None


def pool_warning(ledger: Ledger, engine: str, model: str | None = None) -> str | None:
    """A line for the person where no live worker serves an engine, or has its ``model``."""
    try:
        workers = ledger.live_workers(engine)
    except PagefleetError:
        return None
    start = f"pages wait until one starts (pagefleet-worker start --engine {engine}"
    if not workers:
        return f"warning: no live worker serves engine {engine!r}; {start})"
    # Workers of older versions may not say what they have.
    models = {worker.facts.get("model") for worker in workers}
    if model is None or None in models or model[-MAX_NAME:] in models:
        return None
    return (
        f"warning: no live worker of engine {engine!r} has model {model}; {start} --model {model})"
    )


def choose_engine(settings: Settings, ledger: Ledger | None) -> str:
    """The engine for new jobs: as set, else the best that has a live worker, else local."""
    if settings.engine != "auto":
        engine_facts(settings.engine)
        return settings.engine
    if ledger is not None:
        for name in CATALOGUE:
            if name != "fake" and ledger.live_workers(name):
                return name
    return local_engine()
