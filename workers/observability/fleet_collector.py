"""Metrics of the whole fleet, read from the broker at each scrape.

Every control process with the sweep role exports the same values, so aggregate over processes
with ``max by`` and never with the sum.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.broker.fleet_view import Fleet, FleetView, PoolView
from shared.domain.errors import BrokerUnreachable
from shared.domain.lanes import Lane

log = logging.getLogger("pagefleet.metrics")
#: Seconds for which the values of one read are reused.
KEEP_S = 1.0

#: Labels of a pool: its id, and its engine.
POOL = ("pool", "engine")
GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "broker_up": ("1 if the broker answered this scrape.", ()),
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
    "workers": ("Pages workers with a recent heartbeat.", POOL),
    "pool_capacity": ("Pages that those workers may hold at once.", POOL),
}
COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "broker_evicted_keys": ("Keys the broker evicted; any is a misconfiguration.", ()),
}
Sample = tuple[str, tuple[str, ...], float]


class FleetCollector(Collector):
    """For Prometheus' registry; exports only ``broker_up 0`` if the broker is unreachable."""

    def __init__(self, view: FleetView) -> None:
        self._view = view
        self._lock = threading.Lock()
        self._read_at = 0.0
        self._samples: list[Sample] = []

    def describe(self) -> Iterable[Metric]:
        """Names, without a request to the broker."""
        return families([])

    def collect(self) -> Iterable[Metric]:
        """All values."""
        with self._lock:
            if time.monotonic() - self._read_at >= KEEP_S:
                self._samples = self._read()
                self._read_at = time.monotonic()
            return families(self._samples)

    def _read(self) -> list[Sample]:
        try:
            return list(_samples(self._view.look(max_jobs=1)))
        except BrokerUnreachable as error:
            log.warning("no metrics of the fleet: %s", error.message)
            return [("broker_up", (), 0.0)]


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


def _samples(fleet: Fleet) -> Iterator[Sample]:
    broker = fleet.broker
    yield "broker_up", (), 1.0
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


def _pool_samples(pool: PoolView) -> Iterator[Sample]:
    labels = (pool.pool, pool.engine)
    for lane, queue in zip(Lane, pool.queues, strict=True):
        yield "queue_age_seconds", (*labels, lane), queue.oldest_s or 0.0
    yield "outstanding", labels, float(pool.outstanding)
    yield "leased_pages", labels, float(pool.in_flight)
    yield "oldest_page_age_seconds", labels, pool.oldest_page_s or 0.0
    yield "oldest_job_age_seconds", labels, pool.oldest_job_s or 0.0
    yield "workers", labels, float(len(pool.workers))
    yield "pool_capacity", labels, float(sum(worker.capacity for worker in pool.workers))
    for state, counts in (("open", pool.open_jobs), ("backlog", pool.backlog_jobs)):
        for priority, count in counts.items():
            yield "jobs", (*labels, priority, state), float(count)
