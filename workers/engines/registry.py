"""Creates an engine by name; its module is imported only when it is chosen."""

from pkgutil import resolve_name
from typing import cast

from shared.config.settings import Settings
from shared.domain.catalogue import engine_facts
from workers.engines.contract import Engine


def make_engine(name: str, settings: Settings) -> Engine:
    """The engine called ``name``; raises UsageError or EngineUnavailable with advice."""
    facts = engine_facts(name)
    model = facts.full_model(settings.model)
    return cast(Engine, resolve_name(facts.factory)(settings, model))
