"""Tracing by OpenTelemetry; imported only where the settings turn traces on.

Spans are created when they have ended, from times that are measured anyway, so that tracing adds no
code to the processing of a page.
"""

import hashlib
import sys
from collections.abc import Mapping
from functools import cache
from threading import local

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
)
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.trace.status import Status, StatusCode

from shared import __version__
from shared.telemetry.tracing import PARENT_HEADER, SENT_HEADER, PageTrace, Tracing, now_ns

#: An unreachable collector must not delay the shutdown of a worker.
EXPORT_TIMEOUT_S = 3.0
#: Nanoseconds since the epoch have 19 digits.
MAX_TIME_DIGITS = 19
_PROPAGATOR = TraceContextTextMapPropagator()


class _ChosenIds(RandomIdGenerator):
    """Random ids, except for the first span of a job's trace."""

    def __init__(self) -> None:
        self._chosen = local()

    def choose(self, context: SpanContext | None) -> None:
        """Set the ids of this thread's next root span; None goes back to random ids."""
        self._chosen.context = context

    def generate_span_id(self) -> int:
        """64 bits."""
        chosen = getattr(self._chosen, "context", None)
        return chosen.span_id if chosen else super().generate_span_id()

    def generate_trace_id(self) -> int:
        """128 bits."""
        chosen = getattr(self._chosen, "context", None)
        return chosen.trace_id if chosen else super().generate_trace_id()


@cache
def provider_of(exporter: str, share: float, service: str, instance: str | None) -> TracerProvider:
    """The process's provider; it exports the remaining spans when the process ends."""
    attributes = {"service.name": service, "service.version": __version__}
    if instance is not None:
        attributes["service.instance.id"] = instance
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(share)),
        resource=Resource.create(attributes),
        id_generator=_ChosenIds(),
    )
    if exporter == "console":
        console = ConsoleSpanExporter(out=sys.__stderr__ or sys.stderr, formatter=_line)
        provider.add_span_processor(SimpleSpanProcessor(console))
    else:  # reads OTEL_EXPORTER_OTLP_ENDPOINT
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=EXPORT_TIMEOUT_S)))
    return provider


class OtelTracing(Tracing):
    """Thread-safe."""

    active = True

    def __init__(self, provider: TracerProvider) -> None:
        self._ids = provider.id_generator
        self._sampler = provider.sampler
        self._tracer = provider.get_tracer("pagefleet", __version__)

    def headers(self, job_id: str) -> dict[str, str]:
        """``traceparent`` of the job and the time of sending."""
        carrier = {SENT_HEADER: str(now_ns())}
        _PROPAGATOR.inject(carrier, trace.set_span_in_context(NonRecordingSpan(self._root(job_id))))
        return carrier

    def submitted(self, job_id: str, start_ns: int, pages: int) -> None:
        """The first span of the job's trace."""
        assert isinstance(self._ids, _ChosenIds)
        self._ids.choose(self._root(job_id))
        try:
            span = self._tracer.start_span(
                "submit", Context(), SpanKind.PRODUCER,
                {"pagefleet.job": job_id, "pagefleet.pages": pages}, start_time=start_ns,
            )  # fmt: skip
        finally:
            self._ids.choose(None)
        span.end()

    def page(self, trace: PageTrace) -> None:
        """A span from the sending of the message to the end, with one child per stage."""
        sent = _number(trace.headers.get(SENT_HEADER))
        start = min(sent, trace.start_ns) if sent else trace.start_ns
        attributes = {
            "pagefleet.job": trace.job_id,
            "pagefleet.page": trace.page,
            **{f"pagefleet.{name}": value for name, value in trace.attributes.items()},
        }
        span = self._tracer.start_span(
            f"page {trace.page}", self._parent(trace.job_id, trace.headers), SpanKind.CONSUMER,
            attributes, start_time=start,
        )  # fmt: skip
        within = _inside(span)
        if start < trace.start_ns:
            self._stage("queued", start, trace.start_ns, within)
        for stage in trace.stages:
            self._stage(stage.name, stage.start_ns, stage.end_ns, within)
        if trace.error is not None:
            span.set_status(Status(StatusCode.ERROR, trace.error))
        span.end(trace.end_ns)

    def reduced(
        self, job_id: str, headers: Mapping[str, object], start_ns: int, status: str
    ) -> None:
        """The span of one run of the reducer; the last one ends the job's trace."""
        span = self._tracer.start_span(
            "reduce", self._parent(job_id, headers), SpanKind.CONSUMER,
            {"pagefleet.job": job_id, "pagefleet.status": status}, start_time=start_ns,
        )  # fmt: skip
        span.end()

    def _stage(self, name: str, start_ns: int, end_ns: int, within: Context) -> None:
        self._tracer.start_span(name, within, start_time=start_ns).end(end_ns)

    def _parent(self, job_id: str, headers: Mapping[str, object]) -> Context:
        """The message's context; computed from the job id where its sender does not trace."""
        carrier = {PARENT_HEADER: str(headers.get(PARENT_HEADER) or "")}
        context = _PROPAGATOR.extract(carrier, Context())
        if trace.get_current_span(context).get_span_context().is_valid:
            return context
        return _inside(NonRecordingSpan(self._root(job_id)))

    def _root(self, job_id: str) -> SpanContext:
        """The context of the job's first span; only its trace id decides about sampling."""
        trace_id = _digest(job_id, 16)
        decision = self._sampler.should_sample(None, trace_id, "").decision
        chosen = decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if chosen else TraceFlags.DEFAULT)
        return SpanContext(trace_id, _digest(job_id, 8), is_remote=True, trace_flags=flags)


def _inside(span: trace.Span) -> Context:
    return trace.set_span_in_context(span, Context())


def _digest(text: str, size: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest(), "big") or 1


def _number(text: object) -> int:
    """The number that a header holds; 0 for any other text, or for more digits than a time has."""
    shown = str(text or "")
    return int(shown) if shown.isdecimal() and len(shown) <= MAX_TIME_DIGITS else 0


def _line(span: ReadableSpan) -> str:
    text: str = span.to_json(indent=None)
    return text + "\n"
