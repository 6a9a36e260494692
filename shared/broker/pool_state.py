"""The pools that the broker knows, and those that the fleet declares.

A pool is known from its first job or worker on. A declared pool is one that has workers or gets
them when it has pages, for example from an autoscaler; ``auto`` chooses among those.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.broker.connection import KEY_PREFIX
from shared.broker.liveness.heartbeats import HEARTBEAT_TTL_S
from shared.broker.liveness.live_workers import KNOWN_POOLS, pool_ids
from shared.broker.scripts import Scripts
from shared.broker.untrusted_json import is_number, json_object, numbers_and_texts
from shared.domain.catalogue import CATALOGUE
from shared.domain.pools import Pool, engine_of, is_pool_id

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
        return pool_ids(self._scripts.call("smembers", KNOWN_POOLS))

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
        found = (_declared(identifier, json_object(text), now) for identifier, text in entries)
        return sorted((each for each in found if each), key=lambda each: each.pool.id)

    def at_quota(self, pool: str) -> dict[str, int]:
        """Outstanding pages of each tenant of a pool whose quota keeps pages back."""
        tenants = sorted(self._scripts.call("hkeys", f"{KEY_PREFIX}at_quota:{pool}"))
        if not tenants:
            return {}
        load = self._scripts.call("hmget", f"{KEY_PREFIX}load:{pool}", tenants)
        return {name: int(pages or 0) for name, pages in zip(tenants, load, strict=True)}

    def prune(self) -> list[str]:
        """Forget pools of further models that have no declaration, worker and work.

        Returns their ids. Members of the set that are no ids of pools are removed too.
        """
        members = self._scripts.call("smembers", KNOWN_POOLS)
        if strange := [each for each in members if not is_pool_id(each)]:
            self._scripts.call("srem", KNOWN_POOLS, *strange)
        further = [each for each in pool_ids(members) if each != engine_of(each)]
        return list(self._scripts.run("prune_pools", HEARTBEAT_TTL_S, *further)) if further else []


def _described(pool: Pool) -> str:
    described = {"engine": pool.engine, "model": pool.model}
    return json.dumps(described | ({"revision": pool.revision} if pool.revision else {}))


def _declared(identifier: str, entry: dict[str, Any], now: float) -> DeclaredPool | None:
    """None for a declaration that has expired or is not one of this release.

    Any client of the broker may have written it.
    """
    expires, seconds = entry.get("expires"), entry.get("seconds")
    # An expiry too far ahead was written before the broker's clock was set back.
    if not (is_number(expires) and is_number(seconds) and now <= expires <= now + seconds + 1):
        return None
    names = numbers_and_texts(entry, (), ("engine", "model", "revision"))
    if names.get("engine") not in CATALOGUE or "model" not in names:
        return None
    pool = Pool(names["engine"], names["model"], names.get("revision"))
    return DeclaredPool(pool, float(expires)) if pool.id == identifier else None
