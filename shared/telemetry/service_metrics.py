"""Requests to S3 and SQS: how many, how they ended, how long they took.

The hooks are events of botocore clients. They see every attempt, also those that the client
repeats by itself, and they cost a few microseconds.
"""

import time
from typing import Any

from prometheus_client import Counter, Histogram

#: Seconds of one attempt until the header of the answer; a long poll of SQS takes up to 20.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STARTED = "pagefleet_started"
_THROTTLES = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "OverLimit",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)

REQUESTS = Counter(
    "pagefleet_service_requests",
    "Attempts at requests to S3 and SQS. outcome: ok, missing (404), conflict (a conditional write "
    "lost, 409 or 412), refused (another 4xx), throttled, failed (5xx), no_answer.",
    ["service", "operation", "outcome"],
)
RETRIES = Counter(
    "pagefleet_service_retries",
    "Attempts that the client made because an earlier one of the same request failed.",
    ["service", "operation"],
)
REQUEST_SECONDS = Histogram(
    "pagefleet_service_request_seconds",
    "Time of one attempt until the header of its answer, or until it failed.",
    ["service", "operation"],
    buckets=SECONDS,
)


def observe_client(client: Any, service: str) -> None:
    """Count the requests of a botocore client as requests to ``service``."""
    hooks = _Hooks(service)
    events = client.meta.events
    events.register("request-created", hooks.created)
    events.register("response-received", hooks.received)


class _Hooks:
    def __init__(self, service: str) -> None:
        self._service = service

    def created(self, request: Any, operation_name: str, **_: Any) -> None:
        """An attempt begins."""
        context = request.context
        context[_STARTED] = time.perf_counter()
        if context.get("retries", {}).get("attempt", 1) > 1:
            RETRIES.labels(self._service, operation_name).inc()

    def received(
        self, event_name: str, parsed_response: Any, context: Any, exception: Any, **_: Any
    ) -> None:
        """An attempt ended."""
        operation = event_name.rpartition(".")[2]
        REQUESTS.labels(self._service, operation, outcome_of(parsed_response, exception)).inc()
        started = context.pop(_STARTED, None)
        if started is not None:
            seconds = REQUEST_SECONDS.labels(self._service, operation)
            seconds.observe(time.perf_counter() - started)


def outcome_of(parsed: Any, exception: Exception | None) -> str:
    """How an attempt ended, by its parsed answer; None and an exception where there is none."""
    if exception is not None or parsed is None:
        return "no_answer"
    status = int(parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(parsed.get("Error", {}).get("Code", ""))
    if status == 429 or code in _THROTTLES:
        return "throttled"
    if status < 400:
        return "ok"
    named = {404: "missing", 409: "conflict", 412: "conflict"}
    return named.get(status, "failed" if status >= 500 else "refused")
