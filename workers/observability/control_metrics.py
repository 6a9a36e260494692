"""Metrics of a control process: sweeper, reducer and webhooks."""

from typing import get_args

from prometheus_client import Counter, Gauge, Histogram

from shared.domain.records import JobStatus
from shared.telemetry.buckets import WAITING_SECONDS
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
JOBS_WRITTEN = Counter("pagefleet_jobs_written", "Documents committed by this process.", ["status"])
REDUCE_SECONDS = Histogram(
    "pagefleet_reduce_seconds", "Time to merge and commit one document.", buckets=SECONDS
)
DOCUMENT_SECONDS = Histogram(
    "pagefleet_document_seconds",
    "Time from the submission of a job, or from its retry, to the commit of its document; "
    "cancelled jobs are not in it.",
    ["pool", "priority"],
    buckets=WAITING_SECONDS,
)
WEBHOOK_TRIES = Counter(
    "pagefleet_webhook_tries",
    "Webhook requests: delivered, failed (retried later), gave_up.",
    ["outcome"],
)


def start_at_zero() -> None:
    """Export every counter at 0, so that Prometheus sees the first event as an increase."""
    for outcome in ("delivered", "failed", "gave_up"):
        WEBHOOK_TRIES.labels(outcome)
    for status in get_args(JobStatus):
        JOBS_WRITTEN.labels(status)
