"""Builds the tracing that the settings ask for."""

from shared.config.hardware import has_package
from shared.config.settings import Settings
from shared.domain.errors import UsageError
from shared.telemetry.tracing import Tracing


def tracing_of(settings: Settings, service: str, instance: str | None = None) -> Tracing:
    """OpenTelemetry or no tracing; raises UsageError with advice where the extra is missing."""
    if settings.traces == "off":
        return Tracing()
    if not has_package("opentelemetry"):
        raise UsageError("OpenTelemetry is not installed: pip install 'pagefleet[otel]'")
    # An optional extra, which only processes that trace may load.
    from shared.telemetry.tracing_otel import OtelTracing, provider_of

    return OtelTracing(provider_of(settings.traces, settings.trace_share, service, instance))
