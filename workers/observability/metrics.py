"""Metrics of a pages process, in Prometheus' default registry.

vLLM registers its own metrics there too, so one port exports both. A control process exports
``workers.observability.control_metrics`` and ``workers.observability.fleet_collector``.
"""

from functools import cache
from typing import TypeVar

from prometheus_client import Counter, Gauge, Histogram

from shared.domain.errors import EngineFailed, PageError, Repetition, Truncated
from shared.domain.lanes import Lane
from shared.telemetry.buckets import WAITING_SECONDS
from workers.inflight.cancellation import Reason

#: Why a page is returned without a result.
RETURN_REASONS = ("attempt", *Reason)
#: Seconds; a stage takes from a few milliseconds to the engine's time-out.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)

PAGES = Counter(
    "pagefleet_pages",
    "Pages that this process finished; code is empty unless status is failed.",
    ["engine", "status", "code"],
)
PAGES_RETURNED = Counter(
    "pagefleet_pages_returned",
    "Pages returned without a result: attempt (failed, to be retried), drain, cancelled, "
    "engine_dead, machine_fault (no space, no helper process, no inference server), internal "
    "(unexpected error), dropped (job purged), taken (another worker has it), other_pool (its job "
    "was in the wrong pool), newer_release (a newer release wrote its job).",
    ["engine", "reason"],
)
MESSAGES_REFUSED = Counter(
    "pagefleet_messages_refused",
    "Queue messages that this process refused and stored for inspection.",
)
PAGES_IN_FLIGHT = Gauge(
    "pagefleet_pages_in_flight", "Pages this process holds a lease on.", ["engine"]
)
PAGE_STAGE_SECONDS = Histogram(
    "pagefleet_page_stage_seconds",
    "Time of one stage of a page: fetch, render, prepare, engine, parse, store (figures), commit "
    "(result and mark).",
    ["engine", "stage"],
    buckets=SECONDS,
)
PAGE_SECONDS = Histogram(
    "pagefleet_page_seconds", "Time from claim to mark of a page.", ["engine"], buckets=SECONDS
)
QUEUE_WAIT = Histogram(
    "pagefleet_queue_wait_seconds",
    "Time from the dispatch of a page to the first claim by a worker that can read it, by the "
    "broker's clock; priority is the lane: high, normal, low or quarantine.",
    ["priority"],
    buckets=WAITING_SECONDS,
)
PAGE_ATTEMPTS = Histogram(
    "pagefleet_page_attempts", "Attempts of a page at its end.", ["engine"], buckets=(1, 2, 3, 5, 9)
)
FALLBACKS = Counter(
    "pagefleet_page_fallbacks",
    "Ended pages that the fallback engine read; engine and code are those of the failure.",
    ["engine", "code"],
)
TOKENS = Counter(
    "pagefleet_tokens", "Tokens of ended pages; kind is prompt or output.", ["engine", "kind"]
)
PAGE_WORKER_SECONDS = Counter(
    "pagefleet_page_worker_seconds",
    "This worker's time, divided equally among the pages in flight at each moment; outcome is kept "
    "(counts in the job's cost), returned, or duplicate (another worker's result was first).",
    ["engine", "outcome"],
)
PRICE = Gauge(
    "pagefleet_worker_price_per_hour", "Money per worker-hour, as set; 0: not set.", ["engine"]
)
ENGINE_UP = Gauge("pagefleet_engine_up", "1 while the engine is loaded and not dead.", ["engine"])
CAPACITY = Gauge("pagefleet_worker_capacity", "Pages this process may hold at once.", ["engine"])
WORKER = Gauge(
    "pagefleet_worker_info",
    "Always 1; the labels describe this process (role: pages or control).",
    ["worker", "role", "engine", "model", "version"],
)
LEASE_RENEWALS = Counter("pagefleet_lease_renewals", "Page leases renewed.", ["engine"])
LEASE_RENEWAL_FAILURES = Counter(
    "pagefleet_lease_renewal_failures", "Rounds of renewal that failed at the broker.", ["engine"]
)
CONSUMER_CONNECTED = Gauge(
    "pagefleet_consumer_connected", "1 while this process takes messages from the broker.", ["role"]
)


_Metric = TypeVar("_Metric", Counter, Gauge, Histogram)


@cache
def labelled(metric: _Metric, *labels: str) -> _Metric:
    """``metric.labels(...)``, found faster; the metric keeps every series too."""
    return metric.labels(*labels)


def start_at_zero(engine: str) -> None:
    """Export every counter at 0, so that Prometheus sees the first event as an increase."""
    PAGES.labels(engine, "ok", "")
    PAGES.labels(engine, "blank", "")
    for error in PageError.__subclasses__():
        PAGES.labels(engine, "failed", error.code)
    for failure in (EngineFailed, Repetition, Truncated):
        FALLBACKS.labels(engine, failure.code)
    for reason in RETURN_REASONS:
        PAGES_RETURNED.labels(engine, reason)
    for outcome in ("kept", "returned", "duplicate"):
        PAGE_WORKER_SECONDS.labels(engine, outcome)
    for kind in ("prompt", "output"):
        TOKENS.labels(engine, kind)
    for lane in Lane:
        QUEUE_WAIT.labels(lane)
    PAGES_IN_FLIGHT.labels(engine)
    LEASE_RENEWALS.labels(engine)
    LEASE_RENEWAL_FAILURES.labels(engine)
