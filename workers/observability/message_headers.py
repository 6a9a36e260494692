"""Headers of the message whose task runs in this thread."""

from celery import current_task

from shared.telemetry.tracing import PARENT_HEADER, SENT_HEADER


def trace_headers() -> dict[str, object]:
    """What the sender said of the trace; empty outside a task."""
    request = getattr(current_task, "request", None)
    return {name: getattr(request, name, None) for name in (PARENT_HEADER, SENT_HEADER)}
