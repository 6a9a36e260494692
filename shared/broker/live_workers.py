"""The pools of the fleet: which engines exist, and which workers send heartbeats."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.broker.connection import KEY_PREFIX
from shared.broker.scripts import Scripts
from shared.domain.compatibility import FACT, FIRST_LEVEL, LEVEL

#: A worker without a heartbeat for this long counts as gone.
HEARTBEAT_TTL_S = 30
#: Longest name among a worker's facts, in characters; longer names keep their last ones.
MAX_NAME = 100


@dataclass(frozen=True)
class LiveWorker:
    """A pages process that sent a heartbeat within ``HEARTBEAT_TTL_S``."""

    name: str
    engine: str
    capacity: int
    facts: dict[str, Any]

    @property
    def level(self) -> int:
        """The compatibility level of its release."""
        level = self.facts.get(FACT)
        return level if isinstance(level, int) else FIRST_LEVEL


class LiveWorkers:
    """Heartbeats of pages processes, by pool; thread-safe; raises BrokerUnreachable."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def heartbeat(self, engine: str, worker: str, capacity: int, facts: dict[str, Any]) -> None:
        """Register a live pages process; dispatch windows follow the pool's live capacity."""
        self._scripts.run("heartbeat", engine, worker, capacity, json.dumps(facts), HEARTBEAT_TTL_S)

    def leave(self, engine: str, worker: str) -> None:
        """Remove a pages process that shuts down."""
        self._scripts.call("hdel", workers_key(engine), worker)

    def live(self, engine: str) -> list[LiveWorker]:
        """The live workers of a pool, sorted by name."""
        heartbeats = self._scripts.call("hgetall", workers_key(engine))
        return live_workers(engine, heartbeats, self._scripts.now())

    def level(self) -> int:
        """The level for new jobs: the lowest of this release, the setting and all live workers."""
        engines = self.engines()
        beats = self._scripts.call_many([("hgetall", workers_key(engine)) for engine in engines])
        now = self._scripts.now()
        live = [live_workers(*pool, now) for pool in zip(engines, beats, strict=True)]
        limit = self._scripts.settings.compatibility_level or LEVEL
        return min([LEVEL, limit, *(worker.level for pool in live for worker in pool)])

    def engines(self) -> list[str]:
        """Engines that ever had a worker or a job here, sorted."""
        return sorted(self._scripts.call("smembers", f"{KEY_PREFIX}engines"))

    def add_engine(self, engine: str) -> None:
        """Have the sweeper repair this engine's pool from now on."""
        self._scripts.call("sadd", f"{KEY_PREFIX}engines", engine)


def workers_key(engine: str) -> str:
    """The Redis hash of a pool's heartbeats."""
    return f"{KEY_PREFIX}workers:{engine}"


def live_workers(engine: str, heartbeats: Mapping[str, str], now: float) -> list[LiveWorker]:
    """The workers whose heartbeat is valid at ``now``, sorted by name.

    ``heartbeats`` is the hash at ``workers_key``; ``now`` is the broker's clock in seconds.
    """
    beats = {name: json.loads(text) for name, text in heartbeats.items()}
    return [
        LiveWorker(name, engine, int(beat["capacity"]), json.loads(beat["facts"]))
        for name, beat in sorted(beats.items())
        # An expiry too far ahead was written before the broker's clock was set back.
        if now <= beat["expires"] <= now + HEARTBEAT_TTL_S + 1
    ]
