"""One pages worker: an engine, its renderers and a Celery worker around them."""

import logging
import os
import signal
import threading
import time
from typing import Any

from celery import Celery

from shared.celery_app import make_app
from shared.dispatcher import Dispatcher
from shared.jobs import JobStore
from shared.ledger import Ledger
from shared.queues import PAGE_TASK, page_queues
from shared.records import PageMessage
from shared.settings import Settings
from shared.store import open_store
from workers.celery_worker import run_worker
from workers.cores import renderer_count
from workers.engine_host import EngineHost
from workers.engines import make_engine
from workers.flight import Flights, Reason
from workers.gate import Gate
from workers.lease_keeper import LeaseKeeper
from workers.manifests import Manifests
from workers.messages import parse_message
from workers.page_task import PageTask, Station
from workers.pipeline import Pipeline
from workers.rendering import Renderer
from workers.source_cache import SourceCache

log = logging.getLogger("pagefleet.worker")
#: The supervisor starts the process again after this exit status.
EXIT_ENGINE_DEAD = 75


class PagesProcess:
    """Everything between the start of the engine and the end of the last page."""

    def __init__(self, settings: Settings, engine: str, worker: str) -> None:
        self._settings = settings
        self._worker = worker
        self._flights = Flights()
        self._host = EngineHost(make_engine(engine, settings))
        self._renderer = Renderer(settings, renderer_count(settings, self._host.engine.capacity))
        self._ledger = Ledger(settings)
        self._engine_dead = threading.Event()
        info = self._host.engine.info
        self._app = make_app(settings, page_queues(info.name))
        self._keeper = LeaseKeeper(
            self._ledger, self._flights, info.name, worker, self._host.engine.capacity
        )

    def run(self) -> int:
        """Serve until SIGTERM; returns the process's exit status."""
        try:
            self._host.start()
            self._serve()
        finally:
            self._keeper.stop()
            self._host.stop()
            self._renderer.close()
        return EXIT_ENGINE_DEAD if self._engine_dead.is_set() else 0

    def _serve(self) -> None:
        info = self._host.engine.info
        task = PageTask(self._station())
        register(self._app, task, self._ledger)
        self._keeper.start({"model": info.model, "version": info.version, "pid": os.getpid()})
        capacity = self._host.engine.capacity
        log.info("ready: engine %s, model %s, %d pages at once", info.name, info.model, capacity)
        queues = page_queues(info.name)
        run_worker(self._app, f"pages-{self._worker}", queues, capacity, self._drain)

    def _station(self) -> Station:
        settings = self._settings
        store = open_store(settings)
        jobs = JobStore(store)
        cache = SourceCache(store, settings.home / "cache" / "sources", settings.cache_bytes)
        return Station(
            worker=self._worker,
            engine=self._host.engine.info,
            ledger=self._ledger,
            dispatcher=Dispatcher(settings, self._ledger, self._app),
            jobs=jobs,
            manifests=Manifests(jobs),
            pipeline=Pipeline(jobs, cache, self._renderer, self._host),
            flights=self._flights,
            gate=Gate(),
            max_attempts=settings.max_attempts,
            engine_died=self._engine_died,
        )

    def _drain(self) -> None:
        """Pages that are not done in time go back to the queue."""
        deadline = time.monotonic() + self._settings.drain_s
        while time.monotonic() < deadline and len(self._flights):
            time.sleep(0.1)
        self._flights.close(Reason.DRAIN)

    def _engine_died(self) -> None:
        if not self._engine_dead.is_set():
            self._engine_dead.set()
            self._flights.close(Reason.ENGINE_DEAD)
            os.kill(os.getpid(), signal.SIGTERM)


def register(app: Celery, task: PageTask, ledger: Ledger) -> None:
    """Make ``task`` what happens to page messages."""

    def page(message: dict[str, Any]) -> None:
        parsed = parse_message(PageMessage, message, ledger)
        if parsed is not None:
            task.handle(parsed)

    app.task(name=PAGE_TASK)(page)
