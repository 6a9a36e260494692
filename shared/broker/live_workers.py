"""The workers of each pool that send heartbeats."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.broker.connection import KEY_PREFIX
from shared.broker.scripts import Scripts
from shared.domain.pools import engine_of

#: A worker without a heartbeat for this long counts as gone.
HEARTBEAT_TTL_S = 30
#: Longest name among a worker's facts, in characters; longer names keep their last ones.
MAX_NAME = 100


@dataclass(frozen=True)
class LiveWorker:
    """A pages process that sent a heartbeat within ``HEARTBEAT_TTL_S``."""

    name: str
    pool: str
    capacity: int
    facts: dict[str, Any]

    @property
    def engine(self) -> str:
        """The engine of its pool."""
        return engine_of(self.pool)


class LiveWorkers:
    """Heartbeats of pages processes, by pool; thread-safe; raises BrokerUnreachable."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def heartbeat(self, pool: str, worker: str, capacity: int, facts: dict[str, Any]) -> None:
        """Register a live pages process; dispatch windows follow the pool's live capacity."""
        self._scripts.run("heartbeat", pool, worker, capacity, json.dumps(facts), HEARTBEAT_TTL_S)

    def leave(self, pool: str, worker: str) -> None:
        """Remove a pages process that shuts down."""
        self._scripts.call("hdel", workers_key(pool), worker)

    def live(self, pool: str) -> list[LiveWorker]:
        """The live workers of a pool, sorted by name."""
        heartbeats = self._scripts.call("hgetall", workers_key(pool))
        return live_workers(pool, heartbeats, self._scripts.now())


def workers_key(pool: str) -> str:
    """The Redis hash of a pool's heartbeats."""
    return f"{KEY_PREFIX}workers:{pool}"


def live_workers(pool: str, heartbeats: Mapping[str, str], now: float) -> list[LiveWorker]:
    """The workers whose heartbeat is valid at ``now``, sorted by name.

    ``heartbeats`` is the hash at ``workers_key``; ``now`` is the broker's clock in seconds.
    """
    beats = {name: json.loads(text) for name, text in heartbeats.items()}
    return [
        LiveWorker(name, pool, int(beat["capacity"]), json.loads(beat["facts"]))
        for name, beat in sorted(beats.items())
        # An expiry too far ahead was written before the broker's clock was set back.
        if now <= beat["expires"] <= now + HEARTBEAT_TTL_S + 1
    ]
