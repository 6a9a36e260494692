"""Runs the Lua scripts of ``shared/broker/lua`` and plain commands over one connection."""

from functools import cache
from importlib.resources import files
from typing import Any

from shared.broker.connection import KEY_PREFIX, broker_errors, connect
from shared.config.settings import Settings


class Scripts:
    """Thread-safe; everything raises BrokerUnreachable, or BrokerFull where it has no room."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis = connect(settings)
        self._scripts: dict[str, Any] = {}

    def ping(self) -> None:
        """Raise BrokerUnreachable unless the broker answers within seconds."""
        with broker_errors(self._settings), connect(self._settings, hasty=True) as probe:
            probe.ping()

    def now(self) -> float:
        """Seconds since the epoch by the broker's clock, which all scripts use."""
        seconds, microseconds = self._call("time")
        return float(seconds) + float(microseconds) / 1e6

    def close(self) -> None:
        """Drop the connections."""
        self._redis.close()

    def _run(self, script: str, *arguments: Any) -> Any:
        loaded = self._scripts.get(script)
        if loaded is None:
            loaded = self._scripts[script] = self._redis.register_script(source(script))
        with broker_errors(self._settings):
            return loaded(keys=[KEY_PREFIX], args=arguments)

    def _call(self, command: str, *arguments: Any, **options: Any) -> Any:
        with broker_errors(self._settings):
            return getattr(self._redis, command)(*arguments, **options)


@cache
def source(script: str) -> str:
    """The whole text of a script, as the broker gets it."""
    folder = files("shared.broker") / "lua"
    return "\n".join((folder / f"{name}.lua").read_text() for name in ("prelude", script))
