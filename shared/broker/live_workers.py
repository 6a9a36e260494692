"""The pools of the fleet: which engines exist, and which workers send heartbeats."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.broker.connection import KEY_PREFIX
from shared.broker.hostile_json import is_number, is_text, json_object, numbers_and_texts
from shared.broker.scripts import Scripts

#: A worker without a heartbeat for this long counts as gone.
HEARTBEAT_TTL_S = 30
#: Longest name among a worker's facts, in characters; longer names keep their last ones.
MAX_NAME = 100
#: More pages at once than any engine holds, and more GPUs than any machine has.
MAX_CAPACITY, MAX_GPUS = 100_000, 64
_NUMBERS = (
    *("pid", "started", "in_flight", "pages", "failed", "tokens"),
    *("busy_s", "busy", "pages_per_s", "tokens_per_s"),
)
_TEXTS = ("model", "version", "host")
_GPU_NUMBERS, _GPU_TEXTS = ("index", "used_mb", "total_mb", "busy"), ("name",)


@dataclass(frozen=True)
class LiveWorker:
    """A pages process that sent a heartbeat within ``HEARTBEAT_TTL_S``."""

    name: str
    engine: str
    capacity: int
    #: Only known facts of their known types; any client of the broker may send a heartbeat.
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
    workers = (_worker(engine, name, heartbeats[name], now) for name in sorted(heartbeats))
    return [worker for worker in workers if worker is not None]


def _worker(engine: str, name: str, heartbeat: str, now: float) -> LiveWorker | None:
    """The worker; None where the heartbeat has expired or is not one of pagefleet's."""
    beat = json_object(heartbeat)
    capacity, expires, facts = beat.get("capacity"), beat.get("expires"), beat.get("facts")
    if not is_text(name) or not is_number(capacity) or not is_number(expires):
        return None
    # An expiry too far ahead was written before the broker's clock was set back.
    if not now <= expires <= now + HEARTBEAT_TTL_S + 1 or capacity > MAX_CAPACITY:
        return None
    return LiveWorker(name, engine, int(capacity), _known(facts))


def _known(text: Any) -> dict[str, Any]:
    """The facts of a heartbeat that are known and have their types."""
    facts = json_object(text) if isinstance(text, str) else {}
    gpus = facts.get("gpus")
    own = gpus[:MAX_GPUS] if isinstance(gpus, list) else []
    return {**numbers_and_texts(facts, _NUMBERS, _TEXTS), "gpus": _gpus(own)}


def _gpus(entries: list[Any]) -> list[dict[str, Any]]:
    known = (numbers_and_texts(each, _GPU_NUMBERS, _GPU_TEXTS) for each in entries)
    return [{"busy": None, **gpu} for gpu in known if "used_mb" in gpu and "total_mb" in gpu]
