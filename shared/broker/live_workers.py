"""The workers of each pool that send heartbeats."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.broker.connection import KEY_PREFIX
from shared.broker.scripts import Scripts
from shared.domain.compatibility import FACT, FIRST_LEVEL, LEVEL
from shared.domain.pools import engine_of

#: The set of the pools that have or had a worker, a job or a declaration.
KNOWN_POOLS = f"{KEY_PREFIX}engines"
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

    @property
    def level(self) -> int:
        """The compatibility level of its release."""
        level = self.facts.get(FACT)
        return level if isinstance(level, int) else FIRST_LEVEL


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

    def level(self) -> int:
        """The level for new jobs: the lowest of this release, the setting and all live workers."""
        pools = sorted(self._scripts.call("smembers", KNOWN_POOLS))
        beats = self._scripts.call_many([("hgetall", workers_key(pool)) for pool in pools])
        now = self._scripts.now()
        live = [live_workers(*each, now) for each in zip(pools, beats, strict=True)]
        limit = self._scripts.settings.compatibility_level or LEVEL
        return min([LEVEL, limit, *(worker.level for each in live for worker in each)])


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
