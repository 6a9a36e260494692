"""The figures of ``top`` as JSON-ready values, from the dispatch state and worker reports."""

from datetime import UTC, datetime
from typing import Any

from producer.status.pace import pace
from shared.broker.job_state import JobProgress
from shared.broker.liveness.heartbeats import LiveProcess
from shared.broker.liveness.live_workers import LiveWorker
from shared.broker.snapshots.fleet_snapshot import FleetSnapshot, PoolSnapshot, QueueSnapshot
from shared.broker.snapshots.tenant_snapshot import TenantSnapshot

Plain = dict[str, Any]


def top_facts(fleet: FleetSnapshot) -> Plain:
    """The figures of the whole fleet, in seconds and pages; None where a figure is unknown."""
    workers = [_worker(worker, fleet.time) for pool in fleet.pools for worker in pool.workers]
    return {
        "time": datetime.fromtimestamp(fleet.time, UTC).isoformat(timespec="milliseconds"),
        "pages_per_s": round(sum(worker["pages_per_s"] for worker in workers), 2),
        "tokens_per_s": round(sum(worker["tokens_per_s"] for worker in workers), 1),
        "pools": [_pool(pool) for pool in fleet.pools],
        "tenants": [
            {"pool": pool.pool, "tenant": tenant.name, **_counts(tenant)}
            for pool in fleet.pools
            for tenant in pool.tenants
        ],
        "queues": [_queue(queue) for queue in fleet.queues],
        "workers": workers,
        "processes": [
            _process(process, fleet.time)
            for processes in fleet.processes.values()
            for process in processes
        ],
        "unwritten_jobs": fleet.unwritten_jobs,
        "oldest_unwritten_s": _rounded(fleet.oldest_unwritten_s),
        "jobs": [_job(job, fleet.time) for job in fleet.jobs],
        "failures": [{**entry, "age_s": _age(entry, fleet.time)} for entry in fleet.failures],
        "broker": vars(fleet.broker),
    }


def _pool(pool: PoolSnapshot) -> Plain:
    return {
        "pool": pool.pool,
        "engine": pool.engine,
        "outstanding": pool.outstanding,
        "in_flight": pool.in_flight,
        "oldest_page_s": _rounded(pool.oldest_page_s),
        "workers": len(pool.workers),
        "capacity": sum(worker.capacity for worker in pool.workers),
        "open_jobs": sum(pool.open_jobs.values()),
        "backlog_jobs": sum(pool.backlog_jobs.values()),
        "queues": [_queue(queue) for queue in pool.queues],
    }


def _counts(tenant: TenantSnapshot) -> Plain:
    return {
        "outstanding": tenant.outstanding,
        "open_jobs": tenant.open_jobs,
        "backlog_jobs": tenant.backlog_jobs,
        "at_quota": tenant.at_quota,
    }


def _queue(queue: QueueSnapshot) -> Plain:
    return {"name": queue.name, "depth": queue.depth, "oldest_s": _rounded(queue.oldest_s)}


def _worker(worker: LiveWorker, now: float) -> Plain:
    facts = worker.facts
    return {
        "name": worker.name,
        "pool": worker.pool,
        "engine": worker.engine,
        "model": facts.get("model"),
        "revision": facts.get("revision"),
        "host": facts.get("host"),
        "capacity": worker.capacity,
        "in_flight": facts.get("in_flight", 0),
        "busy": facts.get("busy"),
        "pages": facts.get("pages", 0),
        "failed": facts.get("failed", 0),
        "pages_per_s": facts.get("pages_per_s") or 0.0,
        "tokens_per_s": facts.get("tokens_per_s") or 0.0,
        "gpus": facts.get("gpus") or [],
        "fault": facts.get("fault"),
        "uptime_s": _uptime(facts, now),
    }


def _process(process: LiveProcess, now: float) -> Plain:
    """A reducer, a sweeper or a watcher."""
    return {
        "name": process.name,
        "role": process.role.value,
        "host": process.facts.get("host"),
        "version": process.facts.get("version"),
        "source": process.facts.get("source"),
        "uptime_s": _uptime(process.facts, now),
    }


def _uptime(facts: Plain, now: float) -> int | None:
    started = facts.get("started")
    return None if started is None else round(max(0.0, now - started))


def _job(job: JobProgress, now: float) -> Plain:
    speed = pace(job, now)
    return {
        "job_id": job.job_id,
        "pool": job.pool,
        "engine": job.engine,
        "priority": job.priority,
        "pages": job.total,
        "done": job.done,
        "counts": job.counts.model_dump(),
        "pages_per_s": speed.pages_per_s,
        "eta_s": speed.eta_s,
        "age_s": round(max(0.0, now - job.opened), 1),
    }


def _age(entry: Plain, now: float) -> float:
    return round(max(0.0, now - float(entry["time"])), 1)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
