"""The pools that the broker knows, and those that the fleet declares.

A pool is known from its first job or worker on. A declared pool is one that has workers or gets
them when it has pages, for example from an autoscaler; ``auto`` chooses among those.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.broker.connection import KEY_PREFIX
from shared.broker.liveness.live_workers import KNOWN_POOLS
from shared.broker.scripts import Scripts
from shared.domain.catalogue import CATALOGUE
from shared.domain.pools import Pool, engine_of

#: Seconds after which a declaration that is not repeated expires.
DECLARED_S = 3600
#: Pools that the broker knows at most; jobs of further ones wait in the store.
MAX_POOLS = 200
_DECLARED = f"{KEY_PREFIX}pools"


@dataclass(frozen=True)
class DeclaredPool:
    """A pool and when its declaration expires, by the broker's clock in seconds."""

    pool: Pool
    expires: float


class PoolState:
    """Thread-safe; raises BrokerUnreachable."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def ids(self) -> list[str]:
        """Ids of the pools that have or had a worker, a job or a declaration, sorted."""
        return sorted(self._scripts.call("smembers", KNOWN_POOLS))

    def declare(self, pools: Iterable[Pool], seconds: float = DECLARED_S) -> None:
        """Declare ``pools`` for ``seconds``; a declaration that lasts longer stays."""
        described = [part for pool in pools for part in (pool.id, _described(pool))]
        if described:
            self._scripts.run("declare_pools", seconds, *described)

    def withdraw(self, ids: Iterable[str]) -> int:
        """End the declarations of pools; returns how many there were."""
        return int(self._scripts.call("hdel", _DECLARED, *ids))

    def declared(self) -> list[DeclaredPool]:
        """The declared pools, sorted."""
        now = self._scripts.now()
        entries = self._scripts.call("hgetall", _DECLARED).items()
        found = (_declared(identifier, json.loads(text), now) for identifier, text in entries)
        return sorted((each for each in found if each), key=lambda each: each.pool.id)

    def prune(self) -> list[str]:
        """Forget pools of further models that have no declaration, worker and work.

        Returns their ids.
        """
        further = [each for each in self.ids() if each != engine_of(each)]
        return list(self._scripts.run("prune_pools", *further)) if further else []


def _described(pool: Pool) -> str:
    described = {"engine": pool.engine, "model": pool.model}
    return json.dumps(described | ({"revision": pool.revision} if pool.revision else {}))


def _declared(identifier: str, entry: dict[str, Any], now: float) -> DeclaredPool | None:
    """None where it has expired, and for a pool that this release does not know."""
    # An expiry too far ahead was written before the broker's clock was set back.
    is_valid = now <= entry["expires"] <= now + entry["seconds"] + 1
    if not is_valid or entry["engine"] not in CATALOGUE:
        return None
    pool = Pool(entry["engine"], entry["model"], entry.get("revision"))
    return DeclaredPool(pool, float(entry["expires"])) if pool.id == identifier else None
