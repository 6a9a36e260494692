"""One pages worker: an engine, its renderers and a Celery worker around them."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any

from celery import Celery
from celery.exceptions import Ignore
from prometheus_client import Gauge

from shared.broker.celery_app import make_app
from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.liveness.background_ping import ping, pinging_broker
from shared.broker.liveness.heartbeats import MAX_NAME
from shared.broker.queues import PAGE_TASK, page_queues
from shared.config.environment import visible_gpus
from shared.config.settings import Settings
from shared.domain.catalogue import engine_facts
from shared.domain.records.messages import PageMessage
from shared.domain.serialization.compatibility import FACT, LEVEL
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from shared.telemetry.factory import tracing_of
from shared.telemetry.health import START, Health
from shared.telemetry.process_labels import PROCESS_LABELS
from workers.engines.registry import FALLBACK, make_engine, make_fallback
from workers.host.cores import renderer_count
from workers.inflight.cancellation import Reason
from workers.inflight.inflight_pages import InflightPages
from workers.inflight.page_end import PageEnd
from workers.observability import document_metrics, metrics
from workers.observability.cost_labels import CostLabels
from workers.observability.failure_log import FailureLog
from workers.observability.gpu_facts import gpu_facts
from workers.observability.page_observer import PageObserver
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.page_pipeline import Pipeline
from workers.pipeline.rendering import Renderer
from workers.pipeline.source_cache import SourceCache
from workers.process.broker_reports import broker_reports
from workers.process.celery_worker import run_worker
from workers.process.consumer_pulse import consumer_pulse
from workers.tasks.gate import Gate
from workers.tasks.lease_renewal import LeaseRenewal
from workers.tasks.manifest_cache import ManifestCache
from workers.tasks.merging.job_end import JobEnd
from workers.tasks.messages import parse_message, refuse
from workers.tasks.page_context import PageTaskContext
from workers.tasks.page_task import PageTask

if TYPE_CHECKING:
    from workers.tasks.merging.reduce_task import ReduceTask

log = logging.getLogger("pagefleet.worker")
#: The supervisor starts the process again after this exit status.
EXIT_ENGINE_DEAD = 75
ENGINE = "the engine"
#: Seconds after which the engine's event loop is taken for stuck.
ENGINE_LIMIT_S = 120.0


class PageFailed(Exception):
    """The page of a task failed, and this is recorded: Celery and Flower then count a failure."""


class PagesProcess:
    """Starts the engine, reads pages until SIGTERM, then drains."""

    def __init__(self, settings: Settings, engine: str, worker: str, health: Health) -> None:
        self._settings = settings
        self._health = health
        self._worker = worker
        self._inflight_pages = InflightPages()
        self._host = EngineHost(make_engine(engine, settings))
        self._fallback = None if engine == FALLBACK else EngineHost(make_fallback(settings))
        renderers = renderer_count(settings, engine, self._host.engine.capacity)
        self._renderer = Renderer(settings, renderers)
        self._dispatch_state = DispatchState(settings)
        self._engine_dead = threading.Event()
        self._started = round(time.time())
        info = self._host.engine.info
        self._tracing = tracing_of(settings, "pagefleet-worker", worker)
        labels = CostLabels(settings.cost_label_names, settings.cost_label_values)
        failures = FailureLog(settings)
        self._observer = PageObserver(info, worker, self._tracing, failures, labels)
        self._app = make_app(settings, page_queues(info.pool.id))
        self._dispatcher = Dispatcher(settings, self._dispatch_state, self._app, self._tracing)
        self._lease_renewal = LeaseRenewal(
            self._dispatch_state,
            self._dispatcher,
            self._inflight_pages,
            info.pool,
            worker,
            declares=settings.declare_pool,
        )

    def run(self) -> int:
        """Serve until SIGTERM; returns the process's exit status."""
        try:
            self._export_identity()
            self._host.start()
            self._host.pulse(lambda: self._health.beat("engine loop", ENGINE_LIMIT_S))
            if self._fallback is not None:
                self._fallback.start()
            with pinging_broker(
                self._settings, ping, *broker_reports(self._settings, self._health)
            ):
                self._serve()
        finally:
            self._engine_up.set(0)
            self._lease_renewal.stop()
            if self._fallback is not None:
                self._fallback.stop()
            self._host.stop()
            self._renderer.close()
        return EXIT_ENGINE_DEAD if self._engine_dead.is_set() else 0

    def _serve(self) -> None:
        info = self._host.engine.info
        task = PageTask(self._task_context())
        register(self._app, task, self._dispatch_state, page_queues(info.pool.id))
        # Read after the start: an engine knows only then how many pages it can hold.
        capacity = self._host.engine.capacity
        metrics.CAPACITY.labels(info.name).set(capacity)
        self._lease_renewal.start(capacity, self._facts)
        self._health.fulfil(ENGINE)
        self._engine_up.set(1)
        pool = info.pool
        log.info("ready: engine %s, model %s, %d pages at once", info.name, pool.weights, capacity)
        queues = page_queues(pool.id)
        refused = partial(refuse, self._dispatch_state)
        name, obey = f"pages-{self._worker}", not self._settings.flower_read_only
        run_worker(self._app, name, queues, capacity, self._drain, refused, obey=obey)

    def _export_identity(self) -> None:
        """Export the metrics of this process before the engine has loaded."""
        info, capacity = self._host.engine.info, self._host.engine.capacity
        PROCESS_LABELS.add(pool=info.pool.id)
        metrics.WORKER.labels(self._worker, "pages", info.name, info.model, info.version).set(1)
        metrics.CAPACITY.labels(info.name).set(capacity)
        metrics.PRICE.labels(info.name).set(self._settings.price_per_hour or 0)
        self._health.require(ENGINE, to_start=True)
        pulse = consumer_pulse(self._health, "pages", self._settings.broker_timeout_s)
        self._app.steps["consumer"].add(pulse)
        self._health.fulfil(START)

    @property
    def _engine_up(self) -> Gauge:
        return metrics.ENGINE_UP.labels(self._host.engine.info.name)

    def _facts(self) -> dict[str, Any]:
        """The facts in each heartbeat of this worker; bounded in size."""
        info = self._host.engine.info
        return {
            "model": info.model[-MAX_NAME:],
            "revision": info.revision,
            "version": info.version[:MAX_NAME],
            "pid": os.getpid(),
            "host": socket.gethostname()[:MAX_NAME],
            "started": self._started,
            FACT: LEVEL,
            "gpus": gpu_facts(visible_gpus()) if engine_facts(info.name).owns_gpus else [],
            **self._observer.throughput.facts(),
        }

    def _task_context(self) -> PageTaskContext:
        settings = self._settings
        store = open_store(settings)
        jobs = JobStore(store)
        cache = SourceCache(store, settings.home / "cache" / "sources", settings.cache_bytes)
        manifests = ManifestCache(jobs)
        return PageTaskContext(
            worker=self._worker,
            engine=self._host.engine.info,
            dispatch_state=self._dispatch_state,
            dispatcher=self._dispatcher,
            jobs=jobs,
            manifests=manifests,
            pipeline=Pipeline(jobs, cache, self._renderer, self._host),
            fallback=None
            if self._fallback is None
            else Pipeline(jobs, cache, self._renderer, self._fallback),
            inflight_pages=self._inflight_pages,
            gate=Gate(),
            observer=self._observer,
            max_attempts=settings.max_attempts,
            engine_died=self._engine_died,
            job_end=self._job_end(jobs, manifests),
        )

    def _job_end(self, jobs: JobStore, manifests: ManifestCache) -> JobEnd | None:
        """None where all documents are left to reducers, as their work would delay a GPU."""
        most = self._settings.merge_at_once_pages
        if most == 0 or engine_facts(self._host.engine.info.name).owns_gpus:
            return None
        document_metrics.start_at_zero()
        return JobEnd(partial(self._reducer, jobs), manifests, self._dispatcher, most)

    def _reducer(self, jobs: JobStore) -> "ReduceTask":
        from workers.tasks.merging.reduce_task import ReduceTask

        return ReduceTask(jobs, self._dispatch_state, self._dispatcher)

    def _drain(self) -> None:
        """Wait for the pages in flight; those that are not done in time go back to the queue."""
        deadline = time.monotonic() + self._settings.drain_s
        while time.monotonic() < deadline and len(self._inflight_pages):
            time.sleep(0.1)
        self._inflight_pages.close(Reason.DRAIN)

    def _engine_died(self) -> None:
        if not self._engine_dead.is_set():
            self._engine_dead.set()
            self._engine_up.set(0)
            self._health.fail("the engine is dead")
            self._inflight_pages.close(Reason.ENGINE_DEAD)
            os.kill(os.getpid(), signal.SIGTERM)


def register(
    app: Celery, task: PageTask, dispatch_state: DispatchState, queues: Collection[str]
) -> None:
    """Register ``task`` as the handler of page messages of ``queues``."""

    def page(message: dict[str, Any]) -> str:
        parsed = parse_message(PageMessage, message, dispatch_state, queues)
        end = PageEnd("done", "refused") if parsed is None else task.handle(parsed)
        if end.kind == "failed":
            raise PageFailed(end.text)
        if end.kind == "released":
            # Acknowledged without an event: Flower would show a success and ignore a later failure.
            raise Ignore(end.text)
        return end.text

    app.task(name=PAGE_TASK, throws=(PageFailed,))(page)
