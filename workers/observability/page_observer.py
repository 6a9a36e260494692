"""The only place where pages are counted, timed, priced and logged.

The page task reports each event of a page here, so that the task stays readable and no figure
is kept twice. No method may raise an error into the task.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from shared.broker.page_state import Claim, page_id
from shared.broker.queues import lane_of
from shared.domain.records import EngineInfo, PageMessage, PageResult
from shared.telemetry.tracing import PageTrace, Stage, Tracing, now_ns
from workers.inflight import InflightPage
from workers.observability import cost_labels, metrics
from workers.observability.cost_labels import CostLabels
from workers.observability.failure_log import FailureLog
from workers.observability.log_context import about
from workers.observability.message_headers import trace_headers
from workers.observability.throughput import Throughput
from workers.observability.time_attribution import TimeAttribution

log = logging.getLogger("pagefleet.page")


@dataclass
class Watch:
    """The measurements of one page from its claim to its end."""

    message: PageMessage
    attempt: int
    mark: float
    #: Nanoseconds since the epoch, and seconds of the performance counter.
    started_ns: int
    started: float
    priced: float = 0.0
    #: Its share of the worker's time in seconds; None until the share is final.
    worker_s: float | None = None
    #: Labels of its job by which its cost is counted.
    shares: cost_labels.Shares = ()
    #: Seconds in the queue; None if a worker tried the page before.
    waited_s: float | None = None
    reason: str = "dropped"
    ended: bool = False


class PageObserver:
    """The page task calls it; thread-safe, as each page belongs to one thread."""

    def __init__(
        self,
        engine: EngineInfo,
        worker: str,
        tracing: Tracing,
        failures: FailureLog,
        labels: CostLabels | None = None,
    ) -> None:
        self._labels = labels or CostLabels()
        self._engine = engine.name
        self._worker = worker
        self._tracing = tracing
        self._failures = failures
        self._time = TimeAttribution()
        self._watches: dict[InflightPage, Watch] = {}
        self.throughput = Throughput(self._time)
        metrics.start_at_zero(self._engine)
        metrics.PAGES_IN_FLIGHT.labels(self._engine).set_function(lambda: len(self._watches))

    @contextmanager
    def watching(self, message: PageMessage, inflight: InflightPage) -> Iterator[None]:
        """Add the page's log fields and count a page that ends without a result."""
        with about(job=message.job_id, page=message.page):
            try:
                yield
            finally:
                watch = self._watches.pop(inflight, None)
                if watch is not None and not watch.ended:
                    self._record_return(watch, inflight)

    def claimed(self, message: PageMessage, inflight: InflightPage, claim: Claim) -> None:
        """This worker has the lease; starts the measurements."""
        attempt = claim.attempts + 1
        about.add(attempt=attempt)
        mark = self._time.enter()
        watch = Watch(message, attempt, mark, now_ns(), time.perf_counter())
        watch.waited_s = claim.waited_s if claim.is_first else None
        self._watches[inflight] = watch

    def readable(self, inflight: InflightPage, labels: Mapping[str, str]) -> None:
        """This worker can read the page, which has waited until now; ``labels`` are its job's."""
        watch = self._watches[inflight]
        watch.shares = self._labels.of(labels)
        if watch.waited_s is not None:
            metrics.QUEUE_WAIT.labels(lane_of(watch.message.queue)).observe(watch.waited_s)

    def priced(self, inflight: InflightPage, result: PageResult) -> PageResult:
        """The result with its cost in worker seconds; ends the page's share of the time."""
        watch = self._watches[inflight]
        if watch.worker_s is None:
            watch.priced = time.perf_counter()
            watch.worker_s = self._time.leave(watch.mark)
        return result.model_copy(update={"worker_s": round(watch.worker_s, 4)})

    def returned(self, inflight: InflightPage, reason: str) -> None:
        """The page goes back without a result."""
        inflight.outcome = f"given back: {reason}"
        watch = self._watches.get(inflight)
        if watch is not None:
            watch.reason = reason

    def committed(self, inflight: InflightPage, result: PageResult, *, is_own: bool) -> None:
        """The page is marked as done; ``is_own``: no other worker's result was stored first."""
        watch = self._watches[inflight]
        watch.ended = True
        now = time.perf_counter()
        elapsed = now - watch.started
        code = result.error.code if result.error else ""
        inflight.outcome = f"{result.status} {code}".strip()
        metrics.PAGES.labels(self._engine, result.status, code).inc()
        cost_labels.count_page(watch.shares, result.status)
        metrics.PAGE_SECONDS.labels(self._engine).observe(elapsed)
        metrics.PAGE_STAGE_SECONDS.labels(self._engine, "commit").observe(now - watch.priced)
        self._count_time(watch, "kept" if is_own else "duplicate")
        self._measure(result)
        self.throughput.count(failed=result.status == "failed", tokens=result.output_tokens)
        self._log(result, elapsed)
        if self._tracing.active:
            stages = _stages(watch, result, now)
            self._trace(watch, inflight.outcome, stages, code or None)
        if result.error is not None:
            self._failures.note(result)

    def _measure(self, result: PageResult) -> None:
        metrics.PAGE_ATTEMPTS.labels(self._engine).observe(result.attempts)
        metrics.TOKENS.labels(self._engine, "prompt").inc(result.prompt_tokens)
        metrics.TOKENS.labels(self._engine, "output").inc(result.output_tokens)
        for stage, spent_ms in result.timings_ms:
            if spent_ms:
                metrics.PAGE_STAGE_SECONDS.labels(self._engine, stage).observe(spent_ms / 1000)

    def _log(self, result: PageResult, elapsed: float) -> None:
        page = page_id(result.job_id, result.page)
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
            "page %s %s in %.0f ms%s", page, result.status, elapsed * 1000, why,
            extra={"fields": fields},
        )  # fmt: skip

    def _record_return(self, watch: Watch, inflight: InflightPage) -> None:
        if watch.worker_s is None:
            watch.worker_s = self._time.leave(watch.mark)
        metrics.PAGES_RETURNED.labels(self._engine, watch.reason).inc()
        self._count_time(watch, "returned")
        if self._tracing.active:
            failed = watch.reason in ("attempt", "engine_dead")
            self._trace(watch, inflight.outcome, (), watch.reason if failed else None)

    def _trace(
        self, watch: Watch, outcome: str, stages: tuple[Stage, ...], error: str | None
    ) -> None:
        message = watch.message
        attributes: dict[str, str | int | float] = {
            "queue": message.queue,
            "engine": self._engine,
            "worker": self._worker,
            "attempt": watch.attempt,
            "outcome": outcome,
            "worker_s": round(watch.worker_s or 0, 4),
        }
        trace = PageTrace(
            job_id=message.job_id,
            page=message.page,
            headers=trace_headers(),
            start_ns=watch.started_ns,
            end_ns=now_ns(),
            stages=stages,
            attributes=attributes,
            error=error,
        )
        self._tracing.page(trace)

    def _count_time(self, watch: Watch, outcome: str) -> None:
        seconds = watch.worker_s or 0
        metrics.PAGE_WORKER_SECONDS.labels(self._engine, outcome).inc(seconds)
        cost_labels.count_time(watch.shares, outcome, seconds)


def _stages(watch: Watch, result: PageResult, now: float) -> tuple[Stage, ...]:
    """The measured stages one after the other, and the commit as the last."""
    stages, start = list[Stage](), watch.started_ns
    for name, spent_ms in result.timings_ms:
        if spent_ms:
            end = start + int(spent_ms * 1e6)
            stages.append(Stage(name, start, end))
            start = end
    priced = watch.started_ns + int((watch.priced - watch.started) * 1e9)
    ended = watch.started_ns + int((now - watch.started) * 1e9)
    return (*stages, Stage("commit", priced, ended))
