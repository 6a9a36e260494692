"""Headers of the message whose task runs in this thread."""

from celery import current_task

from shared.telemetry.tracing import PARENT_HEADER, SENT_HEADER


def trace_headers() -> dict[str, object]:
    """The sender's trace headers; their values are None outside a task."""
    request = getattr(current_task, "request", None)
    return {name: getattr(request, name, None) for name in (PARENT_HEADER, SENT_HEADER)}
