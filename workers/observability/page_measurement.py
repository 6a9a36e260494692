"""One page is counted, timed, priced and logged here, and nowhere else.

The page task reports each event of a page to its measurement, so that the task stays readable
and no figure is kept twice. No method may raise an error into the task.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from shared.broker.page_state import Claim, page_id
from shared.broker.queues import lane_of
from shared.domain.records.messages import PageMessage
from shared.domain.records.page_result import PageResult
from shared.telemetry.tracing import PageTrace, Stage, Tracing, now_ns
from workers.inflight.page_end import PageEnd
from workers.observability import cost_labels, metrics
from workers.observability.cost_labels import CostLabels
from workers.observability.failure_log import FailureLog
from workers.observability.log_context import about
from workers.observability.message_headers import trace_headers
from workers.observability.metrics import labelled
from workers.observability.throughput import Throughput
from workers.observability.time_attribution import TimeAttribution

log = logging.getLogger("pagefleet.page")


@dataclass(frozen=True)
class Instruments:
    """Where the pages of one process are measured."""

    engine: str
    worker: str
    tracing: Tracing
    failures: FailureLog
    labels: CostLabels
    time: TimeAttribution
    throughput: Throughput


class PageMeasurement:
    """A page from its claim to its end; belongs to one thread."""

    def __init__(self, instruments: Instruments, message: PageMessage) -> None:
        self._instruments = instruments
        self._message = message
        self._attempt = 0
        self._mark = 0.0
        #: Nanoseconds since the epoch, and seconds of the performance counter.
        self._started_ns = 0
        self._started = 0.0
        self._priced_at = 0.0
        #: Its share of the worker's time in seconds; None until the share is final.
        self._worker_s: float | None = None
        #: Labels of its job by which its cost is counted.
        self._shares: cost_labels.Shares = ()
        #: Seconds in the queue; None if a worker tried the page before.
        self._waited_s: float | None = None
        self._reason = "dropped"
        #: From ``claimed`` to ``committed`` or ``close``.
        self._is_open = False

    def claimed(self, claim: Claim) -> None:
        """This worker has the lease; starts the measurement."""
        self._attempt = claim.attempts + 1
        about.add(attempt=self._attempt)
        self._mark = self._instruments.time.enter()
        self._started_ns, self._started = now_ns(), time.perf_counter()
        self._waited_s = claim.waited_s if claim.is_first else None
        self._is_open = True
        labelled(metrics.PAGES_IN_FLIGHT, self._instruments.engine).inc()

    def readable(self, labels: Mapping[str, str]) -> None:
        """This worker can read the page, which has waited until now; ``labels`` are its job's."""
        self._shares = self._instruments.labels.of(labels)
        if self._waited_s is not None:
            labelled(metrics.QUEUE_WAIT, lane_of(self._message.queue)).observe(self._waited_s)

    def priced(self, result: PageResult) -> PageResult:
        """The result with its cost in worker seconds; ends the page's share of the time."""
        self._priced_at = time.perf_counter()
        return result.model_copy(update={"worker_s": round(self._final_share(), 4)})

    def released(self, reason: str) -> None:
        """The page goes back without a result."""
        self._reason = reason

    def returned(self, fault: str) -> None:
        """The page could not be read because of this machine or its engine."""
        self._instruments.throughput.record_return(fault)

    def committed(self, result: PageResult, *, is_own: bool) -> None:
        """The page is marked as done; ``is_own``: no other worker's result was stored first."""
        self._close()
        now = time.perf_counter()
        self._count(result, now)
        self._count_time("kept" if is_own else "duplicate")
        self._instruments.throughput.count(
            failed=result.status == "failed", tokens=result.output_tokens
        )
        _log(result, now - self._started)
        if self._instruments.tracing.active:
            code = result.error.code if result.error else None
            self._trace(PageEnd.with_result(result), self._stages(result, now), code)
        if result.error is not None:
            self._instruments.failures.note(result)

    def end(self) -> None:
        """The handling of the page has ended; counts a claimed page that got no result."""
        if not self._is_open:
            return
        self._close()
        labelled(metrics.PAGES_RETURNED, self._instruments.engine, self._reason).inc()
        self._count_time("returned")
        if self._instruments.tracing.active:
            failed = self._reason in ("attempt", "engine_dead")
            end = PageEnd.released(self._reason)
            self._trace(end, (), self._reason if failed else None)

    def _close(self) -> None:
        self._is_open = False
        self._final_share()
        labelled(metrics.PAGES_IN_FLIGHT, self._instruments.engine).dec()

    def _final_share(self) -> float:
        if self._worker_s is None:
            self._worker_s = self._instruments.time.leave(self._mark)
        return self._worker_s

    def _count(self, result: PageResult, now: float) -> None:
        engine, code = self._instruments.engine, result.error.code if result.error else ""
        labelled(metrics.PAGES, engine, result.status, code).inc()
        cost_labels.count_page(self._shares, result.status)
        labelled(metrics.PAGE_SECONDS, engine).observe(now - self._started)
        labelled(metrics.PAGE_STAGE_SECONDS, engine, "commit").observe(now - self._priced_at)
        labelled(metrics.PAGE_ATTEMPTS, engine).observe(result.attempts)
        labelled(metrics.TOKENS, engine, "prompt").inc(result.prompt_tokens)
        labelled(metrics.TOKENS, engine, "output").inc(result.output_tokens)
        if result.fallback is not None:
            labelled(metrics.FALLBACKS, engine, result.fallback.error.code).inc()
        for stage, spent_ms in result.timings_ms:
            if spent_ms:
                labelled(metrics.PAGE_STAGE_SECONDS, engine, stage).observe(spent_ms / 1000)

    def _count_time(self, outcome: str) -> None:
        seconds = self._final_share()
        labelled(metrics.PAGE_WORKER_SECONDS, self._instruments.engine, outcome).inc(seconds)
        cost_labels.count_time(self._shares, outcome, seconds)

    def _trace(self, end: PageEnd, stages: tuple[Stage, ...], error: str | None) -> None:
        message = self._message
        attributes: dict[str, str | int | float] = {
            "queue": message.queue,
            "engine": self._instruments.engine,
            "worker": self._instruments.worker,
            "attempt": self._attempt,
            "outcome": end.text,
            "worker_s": round(self._final_share(), 4),
        }
        trace = PageTrace(
            job_id=message.job_id,
            page=message.page,
            headers=trace_headers(),
            start_ns=self._started_ns,
            end_ns=now_ns(),
            stages=stages,
            attributes=attributes,
            error=error,
        )
        self._instruments.tracing.page(trace)

    def _stages(self, result: PageResult, now: float) -> tuple[Stage, ...]:
        """The measured stages one after the other, and the commit as the last."""
        stages, start = list[Stage](), self._started_ns
        for name, spent_ms in result.timings_ms:
            if spent_ms:
                end = start + int(spent_ms * 1e6)
                stages.append(Stage(name, start, end))
                start = end
        priced = self._started_ns + int((self._priced_at - self._started) * 1e9)
        ended = self._started_ns + int((now - self._started) * 1e9)
        return (*stages, Stage("commit", priced, ended))


def _log(result: PageResult, elapsed: float) -> None:
    fields = {
        "status": result.status,
        "code": result.error.code if result.error else None,
        "seconds": round(elapsed, 3),
        "worker_s": result.worker_s,
        "output_tokens": result.output_tokens,
        "timings_ms": result.timings_ms.model_dump(),
    }
    why = f": {result.error.code}: {result.error.message}" if result.error else ""
    log.info(
        "page %s %s in %.0f ms%s",
        page_id(result.job_id, result.page), result.status, elapsed * 1000, why,
        extra={"fields": fields},
    )  # fmt: skip
