"""Runs the Lua scripts of ``shared/broker/lua`` and plain commands over one connection."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Any

from shared.broker.combined_calls import CombinedCalls, NoAnswer
from shared.broker.connection import KEY_PREFIX, broker_errors, connect
from shared.config.settings import Settings


class Scripts:
    """Thread-safe; every method raises BrokerUnreachable, or BrokerFull where memory is short."""

    def __init__(self, settings: Settings, *, hasty: bool = False) -> None:
        self.settings = settings
        self._redis = connect(settings, hasty=hasty)
        self._scripts: dict[str, Any] = {}
        self._calls = None if hasty else CombinedCalls(self._redis)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run ``lua/<script>.lua`` atomically; returns what the script returns."""
        loaded = self._scripts.get(script)
        if loaded is None:
            loaded = self._scripts[script] = self._redis.register_script(source(script))
        with broker_errors(self.settings):
            if self._calls is not None:
                with suppress(NoAnswer):
                    return self._calls.run("EVALSHA", loaded.sha, 1, KEY_PREFIX, *arguments)
            return loaded(keys=[KEY_PREFIX], args=arguments)

    def call(self, command: str, *arguments: Any, **options: Any) -> Any:
        """Run one method of the Redis client; ``command`` is its name."""
        with broker_errors(self.settings):
            return getattr(self._redis, command)(*arguments, **options)

    def call_many(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Run several commands in one round trip; each is (name, arguments...)."""
        if not commands:
            return []
        with broker_errors(self.settings):
            pipe = self._redis.pipeline(transaction=False)
            for command, *arguments in commands:
                getattr(pipe, command)(*arguments)
            return list(pipe.execute())

    def scan_hash(self, key: str, part: int = 1000) -> list[tuple[str, str]]:
        """All entries of a hash, read in parts so that the broker serves others meanwhile."""
        with broker_errors(self.settings):
            return list(self._redis.hscan_iter(key, count=part))

    def now(self) -> float:
        """Seconds since the epoch by the broker's clock, which all scripts use."""
        seconds, microseconds = self.call("time")
        return float(seconds) + float(microseconds) / 1e6

    def close(self) -> None:
        """Close the connections."""
        if self._calls is not None:
            self._calls.close()
        self._redis.close()


@cache
def source(script: str) -> str:
    """The text that the broker gets: the prelude and then the script."""
    folder = files("shared.broker") / "lua"
    return "\n".join((folder / f"{name}.lua").read_text() for name in ("prelude", script))
