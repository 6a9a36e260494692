"""Leases on names, by the broker's clock: who works on what, as long as it lives.

They only keep work from being done twice at a time. What must never happen twice is made
sure of by conditional writes in the object store, so a broker that forgets costs nothing
but work.
"""

from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any

from shared.broker.connection import KEY_PREFIX, broker_errors, connect
from shared.config.settings import Settings


class KeyLeases:
    """The leases of one owner; thread-safe; raises BrokerUnreachable."""

    def __init__(self, settings: Settings, owner: str, seconds: int) -> None:
        self._settings = settings
        self._owner = owner
        self.seconds = seconds
        self._redis = connect(settings)
        self._hold = self._redis.register_script(_source("hold"))
        self._let_go = self._redis.register_script(_source("let_go"))

    def take(self, name: str) -> bool:
        """Hold ``name`` from now on; False where somebody else does."""
        return self.keep([name]) == [name]

    def keep(self, names: Iterable[str]) -> list[str]:
        """Hold all of ``names`` for a while longer; returns those that are ours."""
        wanted: Sequence[str] = list(names)
        if not wanted:
            return []
        held: list[Any] = self._run(self._hold, self.seconds, *wanted)
        return [name for name, mine in zip(wanted, held, strict=True) if mine]

    def let_go(self, name: str) -> None:
        """Let others have ``name`` at once."""
        self._run(self._let_go, name)

    def _run(self, script: Any, *arguments: Any) -> Any:
        with broker_errors(self._settings):
            return script(keys=[KEY_PREFIX], args=[self._owner, *arguments])


def _source(script: str) -> str:
    return (files("shared.broker") / "lua" / f"{script}.lua").read_text()
