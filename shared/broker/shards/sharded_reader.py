"""One snapshot of a fleet with several brokers: sums, lists joined, and the greatest ages."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain

from shared.broker.liveness.heartbeats import Role
from shared.broker.snapshots.fleet_snapshot import (
    FAILURES_KEPT,
    BrokerSnapshot,
    FleetReader,
    FleetSnapshot,
    PoolSnapshot,
    QueueSnapshot,
)
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable


class ShardedFleetReader(FleetReader):
    """Reads all brokers at once; raises BrokerUnreachable where none answers."""

    def __init__(self, settings: Settings) -> None:
        self._readers = [FleetReader(each, hasty=True) for each in settings.of_shards()]
        #: The shards that did not answer last, by their numbers.
        self.silent: list[tuple[int, BrokerUnreachable]] = []
        self._threads = ThreadPoolExecutor(len(self._readers), thread_name_prefix="shards")

    def snapshot(self, max_jobs: int = 50) -> FleetSnapshot:
        """The shards that answer now, as one fleet; sets ``silent``."""
        answers = list(self._threads.map(lambda each: _snapshot(each, max_jobs), self._readers))
        self.silent = [
            (number, each)
            for number, each in enumerate(answers)
            if isinstance(each, BrokerUnreachable)
        ]
        if len(self.silent) == len(answers):
            raise self.silent[0][1]
        return merged([each for each in answers if isinstance(each, FleetSnapshot)], max_jobs)


def _snapshot(reader: FleetReader, max_jobs: int) -> FleetSnapshot | BrokerUnreachable:
    try:
        return reader.snapshot(max_jobs)
    except BrokerUnreachable as error:
        return error


def merged(parts: Sequence[FleetSnapshot], max_jobs: int) -> FleetSnapshot:
    """The snapshots of several shards as one."""
    pools = defaultdict[str, list[PoolSnapshot]](list)
    for pool in chain.from_iterable(part.pools for part in parts):
        pools[pool.pool].append(pool)
    jobs = sorted(chain.from_iterable(part.jobs for part in parts), key=lambda job: job.created)
    failures = chain.from_iterable(part.failures for part in parts)
    newest = sorted(failures, key=lambda each: float(each["time"]), reverse=True)
    return FleetSnapshot(
        time=parts[0].time,
        broker=_broker([part.broker for part in parts]),
        pools=tuple(_pool(pools[name]) for name in sorted(pools)),
        queues=_queues(part.queues for part in parts),
        jobs=tuple(jobs[:max_jobs]),
        failures=tuple(newest[:FAILURES_KEPT]),
        processes={
            role: tuple(chain.from_iterable(part.processes[role] for part in parts))
            for role in Role
        },
        unwritten_jobs=sum(part.unwritten_jobs for part in parts),
        oldest_unwritten_s=_oldest(part.oldest_unwritten_s for part in parts),
    )


def _broker(parts: Sequence[BrokerSnapshot]) -> BrokerSnapshot:
    limits = [part.memory_limit_bytes for part in parts]
    return BrokerSnapshot(
        version=", ".join(sorted({part.version for part in parts})),
        memory_bytes=sum(part.memory_bytes for part in parts),
        memory_limit_bytes=sum(limits) if all(limits) else 0,
        evicted_keys=sum(part.evicted_keys for part in parts),
        persistence_ok=all(part.persistence_ok for part in parts),
        unacknowledged=sum(part.unacknowledged for part in parts),
        refused=sum(part.refused for part in parts),
    )


def _pool(parts: Sequence[PoolSnapshot]) -> PoolSnapshot:
    return replace(
        parts[0],
        queues=_queues(part.queues for part in parts),
        workers=tuple(chain.from_iterable(part.workers for part in parts)),
        outstanding=sum(part.outstanding for part in parts),
        in_flight=sum(part.in_flight for part in parts),
        oldest_page_s=_oldest(part.oldest_page_s for part in parts),
        oldest_job_s=_oldest(part.oldest_job_s for part in parts),
        open_jobs=_sums(part.open_jobs for part in parts),
        backlog_jobs=_sums(part.backlog_jobs for part in parts),
    )


def _queues(parts: Iterable[Sequence[QueueSnapshot]]) -> tuple[QueueSnapshot, ...]:
    by_name = defaultdict[str, list[QueueSnapshot]](list)
    for queue in chain.from_iterable(parts):
        by_name[queue.name].append(queue)
    return tuple(
        QueueSnapshot(name, sum(q.depth for q in queues), _oldest(q.oldest_s for q in queues))
        for name, queues in by_name.items()
    )


def _sums(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    total = Counter[str]()
    for part in parts:
        total.update(part)
    return dict(total)


def _oldest(ages: Iterable[float | None]) -> float | None:
    return max((age for age in ages if age is not None), default=None)
