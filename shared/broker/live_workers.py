"""The pools of the fleet: which engines exist, and which workers send heartbeats."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.broker.connection import KEY_PREFIX
from shared.broker.heartbeats import HEARTBEAT_TTL_S, live_beats
from shared.broker.scripts import Scripts


@dataclass(frozen=True)
class LiveWorker:
    """A pages process that sent a heartbeat within ``HEARTBEAT_TTL_S``."""

    name: str
    engine: str
    capacity: int
    facts: dict[str, Any]


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
    return [
        LiveWorker(name, engine, int(beat["capacity"]), json.loads(beat["facts"]))
        for name, beat in live_beats(heartbeats, now).items()
    ]
