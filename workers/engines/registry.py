"""Creates an engine by name; its module is imported only when it is chosen."""

from pkgutil import resolve_name
from typing import cast

from shared.config.settings import Settings
from shared.domain.catalogue import engine_facts
from shared.domain.errors import EngineUnavailable
from shared.domain.pools import checked_pool
from workers.engines.contract import Engine
from workers.engines.on_demand import EngineOnDemand

FALLBACK = "cpu"
#: The fallback engine must not take cores from processes that feed a GPU.
_NICENESS = 10


def make_engine(name: str, settings: Settings) -> Engine:
    """The engine called ``name``; raises UsageError or EngineUnavailable with advice."""
    pool = checked_pool(name, settings.model, settings.revision)
    engine = cast(Engine, resolve_name(engine_facts(name).factory)(settings, pool.model))
    if engine.info.pool != pool:  # it would read pages of jobs that need other weights
        raise EngineUnavailable(f"the engine reports {engine.info.pool} instead of {pool}")
    return engine


def make_fallback(settings: Settings) -> Engine:
    """The engine for pages on which the worker's own engine failed, which are few: one process.

    Nothing is loaded before the first such page.
    """
    own = settings.model_copy(update={"num_workers": 1, "max_concurrency": "auto"})
    facts = engine_facts(FALLBACK)
    factory = resolve_name(facts.factory)
    return EngineOnDemand(lambda: factory(own, facts.default_model, niceness=_NICENESS))
