"""Which workers live, which engines there are, and small things that sweepers share."""

import json
from dataclasses import dataclass
from typing import Any

from shared.broker.connection import KEY_PREFIX
from shared.broker.scripts import Scripts

#: A worker that was not heard for so long counts as gone.
HEARTBEAT_TTL_S = 30

#: Characters of a name in a worker's facts; its last ones.
MAX_NAME = 100


@dataclass(frozen=True)
class LiveWorker:
    """A pages worker that has been heard lately."""

    name: str
    engine: str
    capacity: int
    facts: dict[str, Any]


class Pools(Scripts):
    """The part of the hot state that is about workers and not about pages."""

    def heartbeat(self, engine: str, worker: str, capacity: int, facts: dict[str, Any]) -> None:
        """Say that a pages worker lives; dispatch windows follow the live capacity."""
        self._run("heartbeat", engine, worker, capacity, json.dumps(facts), HEARTBEAT_TTL_S)

    def leave(self, engine: str, worker: str) -> None:
        """A pages worker stopped in good order."""
        self._call("hdel", f"{KEY_PREFIX}workers:{engine}", worker)

    def engines(self) -> list[str]:
        """Engines that ever had a worker or a job here."""
        return sorted(self._call("smembers", f"{KEY_PREFIX}engines"))

    def know_engine(self, engine: str) -> None:
        """Let the sweeper look after an engine's pool from now on."""
        self._call("sadd", f"{KEY_PREFIX}engines", engine)

    def live_workers(self, engine: str) -> list[LiveWorker]:
        """Workers of a pool that were heard lately."""
        found = self._call("hgetall", f"{KEY_PREFIX}workers:{engine}")
        seconds, _ = self._call("time")
        beats = {name: json.loads(value) for name, value in found.items()}
        return [
            LiveWorker(name, engine, int(beat["capacity"]), json.loads(beat["facts"]))
            for name, beat in sorted(beats.items())
            # Not too far ahead either: the broker's clock may have been set back.
            if seconds <= beat["expires"] <= seconds + HEARTBEAT_TTL_S + 1
        ]

    def outstanding(self, engine: str) -> int:
        """Pages of a pool that are queued or in flight."""
        return int(self._call("zcard", f"{KEY_PREFIX}outstanding:{engine}"))

    def try_lock(self, name: str, owner: str, seconds: int) -> bool:
        """Take or keep a named lock for some seconds."""
        key = f"{KEY_PREFIX}lock:{name}"
        if self._call("set", key, owner, nx=True, ex=seconds):
            return True
        if self._call("get", key) != owner:
            # Set back, the broker's clock would keep the lock of somebody who died for hours.
            if self._call("ttl", key) > seconds:
                self._call("expire", key, seconds)
            return False
        self._call("expire", key, seconds)
        return True

    def cursor(self, name: str, value: str | None = None) -> str:
        """Read, or set and return, a sweeper's place in a long listing."""
        key = f"{KEY_PREFIX}cursor:{name}"
        if value is not None:
            self._call("set", key, value)
            return value
        return str(self._call("get", key) or "")

    def keep_refused(self, message: str) -> None:
        """Put a message that no schema here fits aside; the newest thousand are kept."""
        self._call("lpush", f"{KEY_PREFIX}refused", message)
        self._call("ltrim", f"{KEY_PREFIX}refused", 0, 999)
