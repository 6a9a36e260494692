"""The whole fleet at one moment, read from the broker in three round trips.

It only reads, and it reads the records by which the scripts of the dispatch state decide, so
that the snapshot agrees with what the fleet does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from shared.broker.connection import KEY_PREFIX
from shared.broker.job_state import FINISHED_KEY, JobProgress, job_progress
from shared.broker.liveness.heartbeats import LiveProcess, Role, live_processes, role_key
from shared.broker.liveness.live_workers import (
    KNOWN_POOLS,
    LiveWorker,
    live_workers,
    pool_ids,
    workers_key,
)
from shared.broker.queues import MAINTENANCE, REDUCE, page_queue
from shared.broker.scripts import Scripts
from shared.broker.snapshots.tenant_snapshot import (
    TenantSnapshot,
    backlog_commands,
    tenant_commands,
    tenants_of,
)
from shared.broker.untrusted_json import is_number, json_object, numbers_and_texts
from shared.config.settings import Settings
from shared.domain.lanes import PRIORITIES, Lane
from shared.domain.pools import engine_of

FAILURES_KEY = f"{KEY_PREFIX}failures"
FAILURES_KEPT = 50
#: Jobs with pages to dispatch, by pool, lane and tenant.
TenantBacklog = dict[tuple[str, str, str], int]


@dataclass(frozen=True)
class QueueSnapshot:
    """Waiting messages; ``oldest_s`` is the age of the first page in seconds since its dispatch."""

    name: str
    depth: int
    oldest_s: float | None = None


@dataclass(frozen=True)
class PoolSnapshot:
    """The queues and workers of one pool, by its id."""

    pool: str
    queues: tuple[QueueSnapshot, ...]
    workers: tuple[LiveWorker, ...]
    #: Pages queued or in flight, and pages in flight.
    outstanding: int
    in_flight: int
    oldest_page_s: float | None
    oldest_job_s: float | None
    #: Open jobs by priority, and how many of them still have pages to dispatch.
    open_jobs: dict[str, int]
    backlog_jobs: dict[str, int]
    #: Empty where no label is the tenant.
    tenants: tuple[TenantSnapshot, ...] = ()

    @property
    def engine(self) -> str:
        """The engine of its workers."""
        return engine_of(self.pool)


@dataclass(frozen=True)
class BrokerSnapshot:
    """The broker's own state; sizes in bytes; a limit of 0 means no limit."""

    version: str
    memory_bytes: int
    memory_limit_bytes: int
    evicted_keys: int
    persistence_ok: bool
    #: Messages delivered and not acknowledged, and messages that fit no known schema.
    unacknowledged: int
    refused: int


@dataclass(frozen=True)
class FleetSnapshot:
    """The fleet at one moment; ``time`` is the broker's, in seconds since the epoch."""

    time: float
    broker: BrokerSnapshot
    pools: tuple[PoolSnapshot, ...]
    queues: tuple[QueueSnapshot, ...]
    #: The oldest open jobs.
    jobs: tuple[JobProgress, ...]
    #: Newest first: time, job_id, page, engine, code, message.
    failures: tuple[dict[str, Any], ...]
    #: The live processes of every role.
    processes: dict[Role, tuple[LiveProcess, ...]]
    #: Jobs whose pages are all done and whose document is not written, and the age of the first.
    unwritten_jobs: int
    oldest_unwritten_s: float | None


class FleetReader:
    """Reads the fleet; thread-safe; raises BrokerUnreachable."""

    def __init__(self, settings: Settings, *, hasty: bool = False) -> None:
        self._scripts = Scripts(settings, hasty=hasty)

    def snapshot(self, max_jobs: int = 50) -> FleetSnapshot:
        """The fleet now, with at most ``max_jobs`` jobs: three round trips."""
        common = self._common()
        known = pool_ids(common["pools"])
        pools = self._pools(known, max_jobs)
        oldest, waiting, jobs = self._details(known, pools, max_jobs)
        seconds, micros = common["time"]
        now = seconds + micros / 1e6
        return FleetSnapshot(
            time=now,
            broker=_broker(common),
            pools=tuple(_pool(name, pools[name], oldest, waiting, now) for name in known),
            queues=(
                QueueSnapshot(REDUCE, common["reduce"]),
                QueueSnapshot(MAINTENANCE, common["maintenance"]),
            ),
            jobs=jobs,
            failures=tuple(filter(None, map(_failure, common["failures"]))),
            processes={
                role: tuple(live_processes(role, common[role_key(role)], now)) for role in Role
            },
            unwritten_jobs=common["unwritten"],
            oldest_unwritten_s=_age(_first_score(common["first unwritten"]), now),
        )

    def _common(self) -> dict[str, Any]:
        commands: dict[str, tuple[Any, ...]] = {
            "pools": ("smembers", KNOWN_POOLS),
            "time": ("time",),
            "info": ("info",),
            "reduce": ("llen", KEY_PREFIX + REDUCE),
            "maintenance": ("llen", KEY_PREFIX + MAINTENANCE),
            "unacked": ("hlen", f"{KEY_PREFIX}unacked"),
            "refused": ("llen", f"{KEY_PREFIX}refused"),
            "failures": ("lrange", FAILURES_KEY, 0, FAILURES_KEPT - 1),
            "unwritten": ("zcard", FINISHED_KEY),
            "first unwritten": ("zrange", FINISHED_KEY, 0, 0, False, True),
            **{role_key(role): ("hgetall", role_key(role)) for role in Role},
        }
        answers = self._scripts.call_many(list(commands.values()))
        return dict(zip(commands, answers, strict=True))

    def _pools(self, known: list[str], max_jobs: int) -> dict[str, dict[str, Any]]:
        commands = {pool_id: dict(_pool_commands(pool_id, max_jobs)) for pool_id in known}
        answers = iter(
            self._scripts.call_many([each for pool in commands.values() for each in pool.values()])
        )
        return {
            pool_id: dict(zip(pool, islice(answers, len(pool)), strict=True))
            for pool_id, pool in commands.items()
        }

    def _details(
        self, known: list[str], pools: dict[str, dict[str, Any]], max_jobs: int
    ) -> tuple[dict[str, float | None], TenantBacklog, tuple[JobProgress, ...]]:
        """When the first page of each queue was dispatched, backlogs of tenants, oldest jobs."""
        ages = {
            page_queue(pool_id, lane): ("zscore", f"{KEY_PREFIX}outstanding:{pool_id}", first[0])
            for pool_id in known
            for lane in Lane
            if (first := pools[pool_id][f"first {lane}"])
        }
        jobs = sorted(
            (opened, job_id)
            for pool in pools.values()
            for priority in PRIORITIES
            for job_id, opened in pool[f"jobs {priority}"]
        )[:max_jobs]
        hashes = [("hgetall", f"{KEY_PREFIX}job:{job_id}") for _, job_id in jobs]
        backlogs = {
            key: command
            for pool_id in known
            for key, command in backlog_commands(pool_id, pools[pool_id]).items()
        }
        answers = iter(self._scripts.call_many([*ages.values(), *backlogs.values(), *hashes]))
        oldest = dict(zip(ages, islice(answers, len(ages)), strict=True))
        waiting = dict(zip(backlogs, islice(answers, len(backlogs)), strict=True))
        progress = (
            job_progress(job_id, each) for (_, job_id), each in zip(jobs, answers, strict=True)
        )
        return oldest, waiting, tuple(filter(None, progress))


def _pool_commands(pool_id: str, max_jobs: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    outstanding = f"{KEY_PREFIX}outstanding:{pool_id}"
    yield "workers", ("hgetall", workers_key(pool_id))
    yield "outstanding", ("zcard", outstanding)
    yield "oldest page", ("zrange", outstanding, 0, 0, False, True)
    yield "in flight", ("zcard", f"{KEY_PREFIX}leases:{pool_id}")
    for lane in Lane:
        yield f"depth {lane}", ("llen", KEY_PREFIX + page_queue(pool_id, lane))
        yield f"first {lane}", ("zrange", f"{KEY_PREFIX}queued:{page_queue(pool_id, lane)}", 0, 0)
    for priority in PRIORITIES:
        jobs = f"{KEY_PREFIX}jobs:{pool_id}:{priority}"
        yield f"open {priority}", ("zcard", jobs)
        yield f"backlog {priority}", ("zcard", f"{KEY_PREFIX}turns:{pool_id}:{priority}")
        yield f"jobs {priority}", ("zrange", jobs, 0, max(max_jobs, 1) - 1, False, True)
    yield from tenant_commands(pool_id)


def _pool(
    pool_id: str,
    answers: dict[str, Any],
    dispatched: dict[str, float | None],
    waiting: TenantBacklog,
    now: float,
) -> PoolSnapshot:
    names = {lane: page_queue(pool_id, lane) for lane in Lane}
    opened = [at for lane in PRIORITIES for _, at in answers[f"jobs {lane}"][:1]]
    return PoolSnapshot(
        pool=pool_id,
        queues=tuple(
            QueueSnapshot(name, answers[f"depth {lane}"], _age(dispatched.get(name), now))
            for lane, name in names.items()
        ),
        workers=tuple(live_workers(pool_id, answers["workers"], now)),
        outstanding=answers["outstanding"],
        in_flight=answers["in flight"],
        oldest_page_s=_age(_first_score(answers["oldest page"]), now),
        oldest_job_s=_age(min(opened, default=None), now),
        open_jobs={lane: answers[f"open {lane}"] for lane in PRIORITIES},
        backlog_jobs={
            lane: answers[f"backlog {lane}"]
            + sum(jobs for (pool, at, _), jobs in waiting.items() if (pool, at) == (pool_id, lane))
            for lane in PRIORITIES
        },
        tenants=tenants_of(pool_id, answers, waiting),
    )


def _first_score(found: list[tuple[str, float]]) -> float | None:
    return found[0][1] if found else None


def _age(since: float | None, now: float) -> float | None:
    return max(0.0, now - since) if since is not None and is_number(since) else None


def _failure(text: str) -> dict[str, Any] | None:
    """An entry of the list of failures; None where it is not one of pagefleet's."""
    texts = ("job_id", "engine", "code", "message")
    entry = numbers_and_texts(json_object(text), ("time", "page"), texts)
    return entry if len(entry) == len(texts) + 2 else None


def _broker(common: dict[str, Any]) -> BrokerSnapshot:
    info = common["info"]
    return BrokerSnapshot(
        version=str(info.get("valkey_version") or info.get("redis_version", "")),
        memory_bytes=int(info.get("used_memory", 0)),
        memory_limit_bytes=int(info.get("maxmemory", 0)),
        evicted_keys=int(info.get("evicted_keys", 0)),
        persistence_ok="err"
        not in (info.get("aof_last_write_status"), info.get("rdb_last_bgsave_status")),
        unacknowledged=common["unacked"],
        refused=common["refused"],
    )
