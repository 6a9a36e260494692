"""Measures the pages of one process."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.domain.records.messages import PageMessage
from shared.domain.records.page_result import EngineInfo
from shared.telemetry.tracing import Tracing
from workers.observability import metrics
from workers.observability.cost_labels import CostLabels
from workers.observability.failure_log import FailureLog
from workers.observability.log_context import about
from workers.observability.page_measurement import Instruments, PageMeasurement
from workers.observability.throughput import Throughput
from workers.observability.time_attribution import TimeAttribution


class PageObserver:
    """Gives each page a measurement; thread-safe."""

    def __init__(
        self,
        engine: EngineInfo,
        worker: str,
        tracing: Tracing,
        failures: FailureLog,
        labels: CostLabels | None = None,
    ) -> None:
        attribution = TimeAttribution()
        self.throughput = Throughput(attribution)
        self._instruments = Instruments(
            engine.name,
            worker,
            tracing,
            failures,
            labels or CostLabels(),
            attribution,
            self.throughput,
        )
        metrics.start_at_zero(engine.name)

    @contextmanager
    def measured(self, message: PageMessage) -> Iterator[PageMeasurement]:
        """The page's measurement while it is handled; its log lines name the page."""
        measurement = PageMeasurement(self._instruments, message)
        with about(job=message.job_id, page=message.page):
            try:
                yield measurement
            finally:
                measurement.end()
