"""The only place where pages are counted, timed, priced and logged.

The page task says what happens to a page; everything that wants to know hangs here, so that the
task stays readable and no figure is kept twice. Nothing here may raise into the task.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.broker.page_state import page_id
from shared.domain.records import EngineInfo, PageMessage, PageResult
from shared.telemetry.tracing import PageTrace, Stage, Tracing, now_ns
from workers.inflight import InflightPage
from workers.observability import metrics
from workers.observability.failure_log import FailureLog
from workers.observability.log_context import about
from workers.observability.message_headers import trace_headers
from workers.observability.throughput import Tally
from workers.observability.time_attribution import ShareClock

log = logging.getLogger("pagefleet.page")


@dataclass
class Watch:
    """One page in hand, from claim to end."""

    message: PageMessage
    attempt: int
    mark: float
    #: Nanoseconds since the epoch, and seconds of the performance counter.
    started_ns: int
    started: float
    priced: float = 0.0
    #: Its share of the worker's time; None while it still grows.
    worker_s: float | None = None
    reason: str = "dropped"
    ended: bool = False


class PageObserver:
    """Told by the page task what happens; thread-safe, one flight is always one thread."""

    def __init__(
        self, engine: EngineInfo, worker: str, tracing: Tracing, failures: FailureLog
    ) -> None:
        self._engine = engine.name
        self._worker = worker
        self._tracing = tracing
        self._failures = failures
        self._clock = ShareClock()
        self._watches: dict[InflightPage, Watch] = {}
        self.tally = Tally(self._clock)
        metrics.start_at_zero(self._engine)
        metrics.PAGES_IN_FLIGHT.labels(self._engine).set_function(lambda: len(self._watches))

    @contextmanager
    def watching(self, message: PageMessage, flight: InflightPage) -> Iterator[None]:
        """Around all that is done for one message."""
        with about(job=message.job_id, page=message.page):
            try:
                yield
            finally:
                watch = self._watches.pop(flight, None)
                if watch is not None and not watch.ended:
                    self._let_go(watch, flight)

    def claimed(self, message: PageMessage, flight: InflightPage, attempt: int) -> None:
        """The page is this worker's now."""
        about.add(attempt=attempt)
        mark = self._clock.enter()
        self._watches[flight] = Watch(message, attempt, mark, now_ns(), time.perf_counter())

    def priced(self, flight: InflightPage, result: PageResult) -> PageResult:
        """The result with what it cost; from now on the page costs nothing more."""
        watch = self._watches[flight]
        if watch.worker_s is None:
            watch.priced = time.perf_counter()
            watch.worker_s = self._clock.leave(watch.mark)
        return result.model_copy(update={"worker_s": round(watch.worker_s, 4)})

    def returns(self, flight: InflightPage, reason: str) -> None:
        """The page is being let go without a result."""
        flight.outcome = f"given back: {reason}"
        watch = self._watches.get(flight)
        if watch is not None:
            watch.reason = reason

    def committed(self, flight: InflightPage, result: PageResult, *, mine: bool) -> None:
        """The page has ended and is marked; ``mine``: no other result was first."""
        watch = self._watches[flight]
        watch.ended = True
        now = time.perf_counter()
        elapsed = now - watch.started
        code = result.error.code if result.error else ""
        flight.outcome = f"{result.status} {code}".strip()
        metrics.PAGES.labels(self._engine, result.status, code).inc()
        metrics.PAGE_SECONDS.labels(self._engine).observe(elapsed)
        metrics.PAGE_STAGE_SECONDS.labels(self._engine, "commit").observe(now - watch.priced)
        self._spent(watch, "kept" if mine else "duplicate")
        self._measure(result)
        self.tally.count(failed=result.status == "failed", tokens=result.output_tokens)
        self._say(result, elapsed)
        if self._tracing.active:
            stages = _stages(watch, result, now)
            self._trace(watch, flight.outcome, stages, code or None)
        if result.error is not None:
            self._failures.note(result)

    def _measure(self, result: PageResult) -> None:
        metrics.PAGE_ATTEMPTS.labels(self._engine).observe(result.attempts)
        metrics.TOKENS.labels(self._engine, "prompt").inc(result.prompt_tokens)
        metrics.TOKENS.labels(self._engine, "output").inc(result.output_tokens)
        for stage, spent_ms in result.timings_ms:
            if spent_ms:
                metrics.PAGE_STAGE_SECONDS.labels(self._engine, stage).observe(spent_ms / 1000)

    def _say(self, result: PageResult, elapsed: float) -> None:
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

    def _let_go(self, watch: Watch, flight: InflightPage) -> None:
        if watch.worker_s is None:
            watch.worker_s = self._clock.leave(watch.mark)
        metrics.PAGES_RETURNED.labels(self._engine, watch.reason).inc()
        self._spent(watch, "returned")
        if self._tracing.active:
            failed = watch.reason in ("attempt", "engine_dead")
            self._trace(watch, flight.outcome, (), watch.reason if failed else None)

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
        told = PageTrace(
            job_id=message.job_id,
            page=message.page,
            headers=trace_headers(),
            start_ns=watch.started_ns,
            end_ns=now_ns(),
            stages=stages,
            attributes=attributes,
            error=error,
        )
        self._tracing.page(told)

    def _spent(self, watch: Watch, outcome: str) -> None:
        metrics.PAGE_WORKER_SECONDS.labels(self._engine, outcome).inc(watch.worker_s or 0)


def _stages(watch: Watch, result: PageResult, now: float) -> tuple[Stage, ...]:
    """The stages one after the other, as they were measured, and the commit at the end."""
    stages, start = list[Stage](), watch.started_ns
    for name, spent_ms in result.timings_ms:
        if spent_ms:
            end = start + int(spent_ms * 1e6)
            stages.append(Stage(name, start, end))
            start = end
    priced = watch.started_ns + int((watch.priced - watch.started) * 1e9)
    ended = watch.started_ns + int((now - watch.started) * 1e9)
    return (*stages, Stage("commit", priced, ended))
