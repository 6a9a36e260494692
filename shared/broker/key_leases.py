"""Leases on names, such as the key of a dropped file, by the broker's clock.

They only prevent two processes from doing the same work at the same time. Conditional writes in
the object store make sure of what must never happen twice, so a broker that loses its data costs
repeated work and nothing else.
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
        self._lease_keys = self._redis.register_script(_source("lease_keys"))
        self._release_key = self._redis.register_script(_source("release_key"))

    def take(self, name: str) -> bool:
        """Lease ``name``; False where another owner has the lease."""
        return self.keep([name]) == [name]

    def keep(self, names: Iterable[str]) -> list[str]:
        """Take or renew the leases on ``names``; returns the names that this owner now has."""
        requested: Sequence[str] = list(names)
        if not requested:
            return []
        held: list[Any] = self._run(self._lease_keys, self.seconds, *requested)
        return [name for name, is_own in zip(requested, held, strict=True) if is_own]

    def release(self, name: str) -> None:
        """End the lease on ``name``, so that other owners can take it at once."""
        self._run(self._release_key, name)

    def _run(self, script: Any, *arguments: Any) -> Any:
        with broker_errors(self._settings):
            return script(keys=[KEY_PREFIX], args=[self._owner, *arguments])


def _source(script: str) -> str:
    return (files("shared.broker") / "lua" / f"{script}.lua").read_text()
