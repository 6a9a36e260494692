"""Engines by name; each is imported only when it is chosen.

Adding an engine is one file here with ``create(settings, model)``, and its facts in
``shared.domain.catalogue``.
"""

from importlib import import_module
from typing import cast

from shared.config.settings import Settings
from shared.domain.catalogue import engine_facts
from workers.engines.contract import Engine


def make_engine(name: str, settings: Settings) -> Engine:
    """The engine called ``name``; raises UsageError or EngineUnavailable with advice."""
    model = engine_facts(name).full_model(settings.model)
    module = import_module(f"workers.engines.{name}")
    return cast(Engine, module.create(settings, model))
