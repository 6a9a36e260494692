"""The whole fleet at one moment, read from the broker in three round trips.

Only reads; the numbers are those that the ledger's scripts keep, so that what is shown agrees
with what is done.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.broker.connection import KEY_PREFIX, broker_errors, connect
from shared.broker.job_state import JobProgress, job_progress
from shared.broker.live_workers import LiveWorker
from shared.broker.queues import LANES, MAINTENANCE, REDUCE, page_queue
from shared.config.settings import Settings

FAILURES_KEY = f"{KEY_PREFIX}failures"
FAILURES_KEPT = 50
PRIORITIES = LANES[:3]


@dataclass(frozen=True)
class QueueView:
    """Messages that wait; ``oldest_s`` is how long ago the first page was dispatched."""

    name: str
    depth: int
    oldest_s: float | None = None


@dataclass(frozen=True)
class PoolView:
    """One engine's queues and workers."""

    engine: str
    queues: tuple[QueueView, ...]
    workers: tuple[LiveWorker, ...]
    #: Pages queued or in flight, and how many of them some worker holds.
    outstanding: int
    in_flight: int
    oldest_page_s: float | None
    oldest_job_s: float | None
    #: Open jobs by priority, and those that still have pages to dispatch.
    open_jobs: dict[str, int]
    backlog_jobs: dict[str, int]


@dataclass(frozen=True)
class BrokerView:
    """The broker's own state; bytes; a limit of 0 means none."""

    version: str
    memory_bytes: int
    memory_limit_bytes: int
    evicted_keys: int
    persistence_ok: bool
    #: Messages delivered and not acknowledged, and messages that no worker here understood.
    unacknowledged: int
    refused: int


@dataclass(frozen=True)
class Fleet:
    """Everything there is to show; ``time`` is the broker's, in seconds since the epoch."""

    time: float
    broker: BrokerView
    pools: tuple[PoolView, ...]
    queues: tuple[QueueView, ...]
    #: The oldest open jobs.
    jobs: tuple[JobProgress, ...]
    #: Newest first: time, job_id, page, engine, code, message.
    failures: tuple[dict[str, Any], ...]


class FleetView:
    """Looks at the fleet; thread-safe; raises BrokerUnreachable."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis = connect(settings)

    def look(self, max_jobs: int = 50) -> Fleet:
        """The fleet now, with at most ``max_jobs`` jobs: three round trips."""
        with broker_errors(self._settings):
            common = self._common()
            engines = sorted(common["engines"])
            pools = self._pools(engines, max_jobs)
            oldest, jobs = self._details(engines, pools, max_jobs)
        seconds, micros = common["time"]
        now = seconds + micros / 1e6
        return Fleet(
            time=now,
            broker=_broker(common),
            pools=tuple(_pool(name, pools[name], oldest, now) for name in engines),
            queues=(
                QueueView(REDUCE, common["reduce"]),
                QueueView(MAINTENANCE, common["maintenance"]),
            ),
            jobs=jobs,
            failures=tuple(map(json.loads, common["failures"])),
        )

    def _common(self) -> dict[str, Any]:
        pipe = self._redis.pipeline(transaction=False)
        pipe.smembers(f"{KEY_PREFIX}engines")
        pipe.time()
        pipe.info()
        pipe.llen(KEY_PREFIX + REDUCE)
        pipe.llen(KEY_PREFIX + MAINTENANCE)
        pipe.hlen(f"{KEY_PREFIX}unacked")
        pipe.llen(f"{KEY_PREFIX}refused")
        pipe.lrange(FAILURES_KEY, 0, FAILURES_KEPT - 1)
        names = (
            "engines", "time", "info", "reduce", "maintenance", "unacked", "refused", "failures",
        )  # fmt: skip
        return dict(zip(names, pipe.execute(), strict=True))

    def _pools(self, engines: list[str], max_jobs: int) -> dict[str, dict[str, Any]]:
        pipe = self._redis.pipeline(transaction=False)
        names: list[str] = []
        for engine in engines:
            for name, (command, *arguments) in _pool_questions(engine, max_jobs):
                getattr(pipe, command)(*arguments)
                names.append(name)
        answers = pipe.execute() if names else []
        each = len(names) // len(engines) if engines else 0
        pairs = list(zip(names, answers, strict=True))
        return {e: dict(pairs[i * each : (i + 1) * each]) for i, e in enumerate(engines)}

    def _details(
        self, engines: list[str], pools: dict[str, dict[str, Any]], max_jobs: int
    ) -> tuple[dict[str, float | None], tuple[JobProgress, ...]]:
        """When the first page of each queue was dispatched, and the oldest jobs."""
        pipe = self._redis.pipeline(transaction=False)
        queues = []
        for engine in engines:
            for lane in LANES:
                first = pools[engine][f"first {lane}"]
                if first:
                    queues.append(page_queue(engine, lane))
                    pipe.zscore(f"{KEY_PREFIX}outstanding:{engine}", first[0])
        jobs = sorted(
            (opened, job_id)
            for pool in pools.values()
            for priority in PRIORITIES
            for job_id, opened in pool[f"jobs {priority}"]
        )[:max_jobs]
        for _, job_id in jobs:
            pipe.hgetall(f"{KEY_PREFIX}job:{job_id}")
        answers = pipe.execute() if queues or jobs else []
        fields = zip(jobs, answers[len(queues) :], strict=True)
        hot = (job_progress(job_id, found) for (_, job_id), found in fields if "total" in found)
        return dict(zip(queues, answers, strict=False)), tuple(hot)


def _pool_questions(engine: str, max_jobs: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    outstanding = f"{KEY_PREFIX}outstanding:{engine}"
    yield "workers", ("hgetall", f"{KEY_PREFIX}workers:{engine}")
    yield "outstanding", ("zcard", outstanding)
    yield "oldest page", ("zrange", outstanding, 0, 0, False, True)
    yield "in flight", ("zcard", f"{KEY_PREFIX}leases:{engine}")
    for lane in LANES:
        yield f"depth {lane}", ("llen", KEY_PREFIX + page_queue(engine, lane))
        yield f"first {lane}", ("zrange", f"{KEY_PREFIX}queued:{page_queue(engine, lane)}", 0, 0)
    for priority in PRIORITIES:
        jobs = f"{KEY_PREFIX}jobs:{engine}:{priority}"
        yield f"open {priority}", ("zcard", jobs)
        yield f"backlog {priority}", ("zcard", f"{KEY_PREFIX}turns:{engine}:{priority}")
        yield f"jobs {priority}", ("zrange", jobs, 0, max(max_jobs, 1) - 1, False, True)


def _pool(
    engine: str, found: dict[str, Any], dispatched: dict[str, float | None], now: float
) -> PoolView:
    names = {lane: page_queue(engine, lane) for lane in LANES}
    opened = [at for lane in PRIORITIES for _, at in found[f"jobs {lane}"][:1]]
    return PoolView(
        engine=engine,
        queues=tuple(
            QueueView(name, found[f"depth {lane}"], _age(dispatched.get(name), now))
            for lane, name in names.items()
        ),
        workers=tuple(_live(engine, found["workers"], now)),
        outstanding=found["outstanding"],
        in_flight=found["in flight"],
        oldest_page_s=_age(found["oldest page"][0][1] if found["oldest page"] else None, now),
        oldest_job_s=_age(min(opened, default=None), now),
        open_jobs={lane: found[f"open {lane}"] for lane in PRIORITIES},
        backlog_jobs={lane: found[f"backlog {lane}"] for lane in PRIORITIES},
    )


def _live(engine: str, beats: dict[str, str], now: float) -> Iterator[LiveWorker]:
    for name, text in sorted(beats.items()):
        beat = json.loads(text)
        if beat["expires"] >= now:
            yield LiveWorker(name, engine, int(beat["capacity"]), json.loads(beat["facts"]))


def _age(since: float | None, now: float) -> float | None:
    return None if since is None else max(0.0, now - since)


def _broker(common: dict[str, Any]) -> BrokerView:
    info = common["info"]
    return BrokerView(
        version=str(info.get("valkey_version") or info.get("redis_version", "")),
        memory_bytes=int(info.get("used_memory", 0)),
        memory_limit_bytes=int(info.get("maxmemory", 0)),
        evicted_keys=int(info.get("evicted_keys", 0)),
        persistence_ok="err"
        not in (info.get("aof_last_write_status"), info.get("rdb_last_bgsave_status")),
        unacknowledged=common["unacked"],
        refused=common["refused"],
    )
