"""Imports redis-py without OpenTelemetry's metrics, which redis-py loads where they are installed.

pagefleet has its own metrics of the broker. The import took a tenth of the start-up time of every
command and worker process where the extra "otel" is installed, as in the images, and redis-py has
no setting against it. Tracing imports OpenTelemetry itself, before or after.
"""

from shared.config.hidden_packages import hidden

with hidden("opentelemetry.metrics", "opentelemetry.sdk.metrics"):
    import redis

__all__ = ["redis"]
