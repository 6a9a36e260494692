"""Metrics of the whole fleet, from its last snapshot; a scrape never waits for the broker.

Every control process with the sweep role exports the same values, so aggregate over processes
with ``max by`` and never with the sum.
"""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.broker.snapshots.background_snapshots import BackgroundSnapshots, LastSnapshot
from shared.broker.snapshots.fleet_snapshot import FleetSnapshot, PoolSnapshot
from shared.domain.lanes import Lane

#: Labels of a pool: its id, and its engine.
POOL = ("pool", "engine")
TENANT = (*POOL, "tenant")
GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "broker_up": ("1 if the broker answered within the last 5 seconds.", ()),
    "fleet_read_timestamp_seconds": (
        "When the figures of the fleet were read; they stay while the broker is away.",
        (),
    ),
    "fleet_read_age_seconds": ("Age of the figures of the fleet.", ()),
    "broker_memory_bytes": ("Memory the broker uses.", ()),
    "broker_memory_limit_bytes": ("Its maxmemory; 0: none.", ()),
    "broker_persistence_ok": ("1 unless its last write to disk failed.", ()),
    "broker_unacknowledged_messages": ("Messages delivered and not acknowledged.", ()),
    "broker_refused_messages": ("Messages that no worker understood, stored for inspection.", ()),
    "queue_depth": ("Messages that wait in a queue.", ("queue",)),
    "queue_age_seconds": (
        "Time since the first page that waits in a lane was dispatched; 0: none waits. priority is "
        "the lane: high, normal, low or quarantine.",
        (*POOL, "priority"),
    ),
    "outstanding": ("Pages queued or in flight; autoscalers use the same number.", POOL),
    "leased_pages": ("Pages that a worker holds a lease on.", POOL),
    "oldest_page_age_seconds": ("Age of the oldest outstanding page; 0: none.", POOL),
    "oldest_job_age_seconds": ("Age of the oldest open job; 0: none.", POOL),
    "jobs": (
        "Jobs by state: open, or backlog (open with pages not dispatched yet).",
        (*POOL, "priority", "state"),
    ),
    "unwritten_jobs": ("Jobs whose pages are all done and whose document is not written.", ()),
    "oldest_unwritten_job_age_seconds": (
        "Time since the first of those jobs had its last page; 0: none.",
        (),
    ),
    "role_processes": (
        "Processes with a recent heartbeat for a role: reduce, sweep or watch.",
        ("role",),
    ),
    "tenant_outstanding": (
        "Outstanding pages of a tenant; tenant is empty for jobs without the label. Only where "
        "tenant_label is set.",
        TENANT,
    ),
    "tenant_backlog_jobs": ("Its open jobs with pages not dispatched yet.", TENANT),
    "tenant_at_quota": ("1 while its quota keeps pages back.", TENANT),
    "workers": ("Pages workers with a recent heartbeat.", POOL),
    "pool_capacity": ("Pages that those workers may hold at once.", POOL),
}
COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "broker_evicted_keys": ("Keys the broker evicted; any is a misconfiguration.", ()),
}
Sample = tuple[str, tuple[str, ...], float]


class FleetCollector(Collector):
    """For Prometheus' registry; exports only ``broker_up 0`` before the broker first answered."""

    def __init__(self, snapshots: BackgroundSnapshots) -> None:
        self._snapshots = snapshots

    def describe(self) -> Iterable[Metric]:
        """Names, without a request to the broker."""
        return families([])

    def collect(self) -> Iterable[Metric]:
        """All values, at once."""
        snapshot = self._snapshots.last()
        return families(
            [*_of_snapshot(snapshot), *(_samples(snapshot.fleet) if snapshot.fleet else ())]
        )


def families(samples: Iterable[Sample]) -> list[Metric]:
    """Metric families in the order of the tables, with ``samples`` in them."""
    by_name: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
    for name, (text, labels) in GAUGES.items():
        by_name[name] = GaugeMetricFamily(f"pagefleet_{name}", text, labels=labels)
    for name, (text, labels) in COUNTERS.items():
        by_name[name] = CounterMetricFamily(f"pagefleet_{name}", text, labels=labels)
    for name, values, value in samples:
        by_name[name].add_metric(values, value)
    return list(by_name.values())


def _of_snapshot(snapshot: LastSnapshot) -> Iterator[Sample]:
    yield "broker_up", (), float(snapshot.is_fresh)
    if snapshot.fleet is not None:
        yield "fleet_read_timestamp_seconds", (), snapshot.taken
        yield "fleet_read_age_seconds", (), snapshot.age_s


def _samples(fleet: FleetSnapshot) -> Iterator[Sample]:
    broker = fleet.broker
    yield "broker_memory_bytes", (), float(broker.memory_bytes)
    yield "broker_memory_limit_bytes", (), float(broker.memory_limit_bytes)
    yield "broker_persistence_ok", (), float(broker.persistence_ok)
    yield "broker_unacknowledged_messages", (), float(broker.unacknowledged)
    yield "broker_refused_messages", (), float(broker.refused)
    yield "broker_evicted_keys", (), float(broker.evicted_keys)
    for queue in (*fleet.queues, *(queue for pool in fleet.pools for queue in pool.queues)):
        yield "queue_depth", (queue.name,), float(queue.depth)
    for pool in fleet.pools:
        yield from _pool_samples(pool)
    for role, processes in fleet.processes.items():
        yield "role_processes", (role,), float(len(processes))
    yield "unwritten_jobs", (), float(fleet.unwritten_jobs)
    yield "oldest_unwritten_job_age_seconds", (), fleet.oldest_unwritten_s or 0.0


def _pool_samples(pool: PoolSnapshot) -> Iterator[Sample]:
    labels = (pool.pool, pool.engine)
    for lane, queue in zip(Lane, pool.queues, strict=True):
        yield "queue_age_seconds", (*labels, lane), queue.oldest_s or 0.0
    yield "outstanding", labels, float(pool.outstanding)
    yield "leased_pages", labels, float(pool.in_flight)
    yield "oldest_page_age_seconds", labels, pool.oldest_page_s or 0.0
    yield "oldest_job_age_seconds", labels, pool.oldest_job_s or 0.0
    yield "workers", labels, float(len(pool.workers))
    yield "pool_capacity", labels, float(sum(worker.capacity for worker in pool.workers))
    for tenant in pool.tenants:
        yield "tenant_outstanding", (*labels, tenant.name), float(tenant.outstanding)
        yield "tenant_backlog_jobs", (*labels, tenant.name), float(tenant.backlog_jobs)
        yield "tenant_at_quota", (*labels, tenant.name), float(tenant.at_quota)
    for state, counts in (("open", pool.open_jobs), ("backlog", pool.backlog_jobs)):
        for priority, count in counts.items():
            yield "jobs", (*labels, priority, state), float(count)
