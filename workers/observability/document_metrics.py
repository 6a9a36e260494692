"""Metrics of merged documents, where control processes or pages processes merge them."""

from typing import get_args

from prometheus_client import Counter, Histogram

from shared.domain.records.job import JobStatus
from shared.telemetry.buckets import WAITING_SECONDS
from workers.observability.metrics import SECONDS

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


def start_at_zero() -> None:
    """Export every counter at 0, so that Prometheus sees the first event as an increase."""
    for status in get_args(JobStatus):
        JOBS_WRITTEN.labels(status)
