"""Leases on names in a sharded fleet: each name has its lease at one broker."""

from collections import defaultdict
from collections.abc import Iterable

from shared.broker.key_leases import KeyLeases
from shared.broker.shards.placement import hashed_shard
from shared.broker.shards.shard_brokers import ShardBrokers
from shared.config.settings import Settings
from shared.domain.errors import ShardUnreachable


class ShardedKeyLeases(KeyLeases):
    """The leases of one owner; thread-safe; raises ShardUnreachable for names of a silent one."""

    def __init__(self, settings: Settings, brokers: ShardBrokers, owner: str, seconds: int) -> None:
        self.seconds = seconds
        self._brokers = brokers
        self._parts = [KeyLeases(each, owner, seconds) for each in settings.of_shards()]

    def keep(self, names: Iterable[str]) -> list[str]:
        """Like that of one broker; names of a silent shard stay until it answers."""
        by_shard = defaultdict[int, list[str]](list)
        for name in names:
            by_shard[self._number(name)].append(name)
        kept = list[str]()
        for number, part in by_shard.items():
            try:
                kept += self._keep(number, part)
            except ShardUnreachable:
                kept += part
        return kept

    def take(self, name: str) -> bool:
        """Lease ``name``; False where another owner has the lease."""
        return self._keep(self._number(name), [name]) == [name]

    def release(self, name: str) -> None:
        """End the lease on ``name``, so that other owners can take it at once."""
        number = self._number(name)
        self._brokers.ask(number, lambda _: self._parts[number].release(name))

    def _keep(self, number: int, names: list[str]) -> list[str]:
        return self._brokers.ask(number, lambda _: self._parts[number].keep(names))

    def _number(self, name: str) -> int:
        return hashed_shard(name, len(self._parts))
