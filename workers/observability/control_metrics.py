"""Metrics of a control process: sweeper and webhooks."""

from prometheus_client import Counter, Gauge, Histogram

from workers.observability.metrics import SECONDS

REPAIR_KINDS = ("expired", "lost", "reducers", "moved", "adopted", "stuck", "purged")
REPAIRS = Counter(
    "pagefleet_sweeper_repairs",
    "Repairs by the sweeper: expired, lost, reducers, moved, adopted, stuck, purged.",
    ["kind"],
)
SWEEP_LAST_RUN = Gauge(
    "pagefleet_sweeper_last_run_timestamp_seconds",
    "When the sweeper here last ended a round or found that another one runs.",
)
SWEEP_SECONDS = Histogram("pagefleet_sweep_seconds", "Time of one round.", buckets=SECONDS)
WEBHOOK_TRIES = Counter(
    "pagefleet_webhook_tries",
    "Webhook requests: delivered, failed (retried later), gave_up.",
    ["outcome"],
)


def start_at_zero() -> None:
    """Export every counter at 0, so that Prometheus sees the first event as an increase."""
    for outcome in ("delivered", "failed", "gave_up"):
        WEBHOOK_TRIES.labels(outcome)
