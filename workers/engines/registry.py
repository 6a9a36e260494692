"""Creates an engine by name; its module is imported only when it is chosen."""

from pkgutil import resolve_name
from typing import cast

from shared.config.settings import Settings
from shared.domain.catalogue import engine_facts
from shared.domain.pools import checked_pool
from workers.engines.contract import Engine


def make_engine(name: str, settings: Settings) -> Engine:
    """The engine called ``name``; raises UsageError or EngineUnavailable with advice."""
    pool = checked_pool(name, settings.model, settings.revision)
    return cast(Engine, resolve_name(engine_facts(name).factory)(settings, pool.model))
