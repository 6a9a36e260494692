"""Creates an engine by name; its module is imported only when it is chosen."""

from pkgutil import resolve_name
from typing import cast

from shared.config.settings import Settings
from shared.domain.catalogue import engine_facts
from shared.domain.errors import EngineUnavailable
from shared.domain.pools import checked_pool
from workers.engines.contract import Engine


def make_engine(name: str, settings: Settings) -> Engine:
    """The engine called ``name``; raises UsageError or EngineUnavailable with advice."""
    pool = checked_pool(name, settings.model, settings.revision)
    engine = cast(Engine, resolve_name(engine_facts(name).factory)(settings, pool.model))
    if engine.info.pool != pool:  # it would read pages of jobs that need other weights
        raise EngineUnavailable(f"the engine reports {engine.info.pool} instead of {pool}")
    return engine
