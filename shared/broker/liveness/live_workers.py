"""The workers of each pool that send heartbeats."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.broker.connection import KEY_PREFIX
from shared.broker.liveness.heartbeats import HEARTBEAT_TTL_S, live_beats
from shared.broker.scripts import Scripts
from shared.broker.untrusted_json import is_number, json_object, numbers_and_texts
from shared.domain.catalogue import CATALOGUE
from shared.domain.pools import engine_of, is_pool_id
from shared.domain.serialization.compatibility import FACT, FIRST_LEVEL, LEVEL

#: Seconds for which the level of the live workers is remembered.
LEVEL_S = 1.0
#: More pages at once than any engine holds, and more GPUs than any machine has.
MAX_CAPACITY, MAX_GPUS = 100_000, 64
_NUMBERS = (
    *("pid", "started", "in_flight", "pages", "failed", "tokens", FACT),
    *("busy_s", "busy", "pages_per_s", "tokens_per_s"),
)
_TEXTS = ("model", "revision", "version", "host", "fault")
_GPU_NUMBERS, _GPU_TEXTS = ("index", "used_mb", "total_mb", "busy"), ("name",)
#: The set of the pools that have or had a worker, a job or a declaration.
KNOWN_POOLS = f"{KEY_PREFIX}engines"
#: Pools that are read at most: of each, the snapshot asks many questions, and it has many metrics.
MOST_POOLS = 400


@dataclass(frozen=True)
class LiveWorker:
    """A pages process that sent a heartbeat within ``HEARTBEAT_TTL_S``."""

    name: str
    pool: str
    capacity: int
    #: Only known facts of their known types; any client of the broker may send a heartbeat.
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
        #: The level, and until when it counts by the monotonic clock.
        self._level = (LEVEL, 0.0)

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
        """The level for new jobs: the lowest of this release, the setting and all live workers.

        It may be ``LEVEL_S`` old, because a corpus asks for it with each document.
        """
        level, until = self._level
        if time.monotonic() >= until:
            level = self._read_level()
            self._level = level, time.monotonic() + LEVEL_S
        return level

    def _read_level(self) -> int:
        pools = pool_ids(self._scripts.call("smembers", KNOWN_POOLS))
        beats = self._scripts.call_many([("hgetall", workers_key(pool)) for pool in pools])
        now = self._scripts.now()
        live = [live_workers(pool, beat, now) for pool, beat in zip(pools, beats, strict=True)]
        limit = self._scripts.settings.compatibility_level or LEVEL
        return min([LEVEL, limit, *(worker.level for each in live for worker in each)])


def pool_ids(members: Iterable[str]) -> list[str]:
    """The ids of pools among the members of ``KNOWN_POOLS``, sorted.

    Any client of the broker may have added members. Engines with their default models come first
    where they are too many.
    """
    found = sorted(filter(is_pool_id, members), key=lambda each: (each not in CATALOGUE, each))
    return sorted(found[:MOST_POOLS])


def workers_key(pool: str) -> str:
    """The Redis hash of a pool's heartbeats."""
    return f"{KEY_PREFIX}workers:{pool}"


def live_workers(pool: str, heartbeats: Mapping[str, str], now: float) -> list[LiveWorker]:
    """The workers whose heartbeat is valid at ``now``, sorted by name.

    ``heartbeats`` is the hash at ``workers_key``; ``now`` is the broker's clock in seconds.
    """
    workers = (_worker(pool, *each) for each in live_beats(heartbeats, now).items())
    return [worker for worker in workers if worker is not None]


def _worker(pool: str, name: str, beat: dict[str, Any]) -> LiveWorker | None:
    """The worker; None where the heartbeat is not one of pagefleet's."""
    capacity = beat.get("capacity")
    if not is_number(capacity) or capacity > MAX_CAPACITY:
        return None
    return LiveWorker(name, pool, int(capacity), _known(beat.get("facts")))


def _known(text: Any) -> dict[str, Any]:
    """The facts of a heartbeat that are known and have their types."""
    facts = json_object(text) if isinstance(text, str) else {}
    gpus = facts.get("gpus")
    own = gpus[:MAX_GPUS] if isinstance(gpus, list) else []
    return {**numbers_and_texts(facts, _NUMBERS, _TEXTS), "gpus": _gpus(own)}


def _gpus(entries: list[Any]) -> list[dict[str, Any]]:
    known = (numbers_and_texts(each, _GPU_NUMBERS, _GPU_TEXTS) for each in entries)
    return [{"busy": None, **gpu} for gpu in known if "used_mb" in gpu and "total_mb" in gpu]
