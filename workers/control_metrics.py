"""What a control process exports beside the fleet's figures: sweeping and reducing."""

from prometheus_client import Counter, Gauge, Histogram

from workers.metrics import SECONDS

REPAIRS = Counter(
    "pagefleet_sweeper_repairs",
    "What the sweeper mended: expired, lost, reducers, adopted, stuck, purged.",
    ["kind"],
)
SWEEP_LAST_RUN = Gauge(
    "pagefleet_sweeper_last_run_timestamp_seconds",
    "When the sweeper here last ended a round or found another one at work.",
)
SWEEP_SECONDS = Histogram("pagefleet_sweep_seconds", "Time of one round.", buckets=SECONDS)
JOBS_WRITTEN = Counter("pagefleet_jobs_written", "Documents committed by this process.", ["status"])
REDUCE_SECONDS = Histogram(
    "pagefleet_reduce_seconds", "Time to merge and commit one document.", buckets=SECONDS
)
WEBHOOK_TRIES = Counter(
    "pagefleet_webhook_tries",
    "Calls of webhooks: delivered, failed (tried again later), gave_up.",
    ["outcome"],
)
