"""Engines by name; an engine's modules are imported only when that engine is chosen.

To add an engine, write ``workers/engines/<name>/engine.py`` with ``create(settings, model)`` and
add its facts to ``shared.domain.catalogue``.
"""

from importlib import import_module
from typing import cast

from shared.config.settings import Settings
from shared.domain.catalogue import engine_facts
from workers.engines.contract import Engine


def make_engine(name: str, settings: Settings) -> Engine:
    """The engine called ``name``; raises UsageError or EngineUnavailable with advice."""
    model = engine_facts(name).full_model(settings.model)
    module = import_module(f"workers.engines.{name}.engine")
    return cast(Engine, module.create(settings, model))
