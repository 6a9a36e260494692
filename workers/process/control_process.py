"""The worker process of the reducer and the sweeper; it has no engine."""

import logging
import threading
from collections import Counter
from contextlib import ExitStack
from functools import partial
from typing import Any

from prometheus_client import REGISTRY

from shared import __version__
from shared.broker.celery_app import make_app
from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.liveness.background_ping import pinging_broker
from shared.broker.liveness.role_beats import RoleBeats
from shared.broker.queues import MAINTENANCE, REDUCE, REDUCE_TASK, SWEEP_TASK
from shared.broker.snapshots.background_snapshots import background_snapshots
from shared.broker.snapshots.fleet_snapshot import FleetReader
from shared.config.settings import Settings
from shared.domain.errors import NewerRelease, TransientError
from shared.domain.pools import parse_pools
from shared.domain.records.messages import ReduceMessage
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from shared.telemetry.factory import tracing_of
from shared.telemetry.health import START, Health
from workers.maintenance.own_jobs import OwnJobs
from workers.maintenance.repairs import make_repairs
from workers.maintenance.repairs.kubernetes.pod_api import PodApi
from workers.maintenance.repairs.retention import Retention
from workers.maintenance.sweeper import Sweeper
from workers.maintenance.webhooks import WebhookSender
from workers.observability import control_metrics, document_metrics, metrics
from workers.observability.fleet_collector import FleetCollector
from workers.process.broker_reports import broker_reports
from workers.process.celery_worker import run_worker
from workers.process.consumer_pulse import consumer_pulse
from workers.tasks.merging.reduce_task import ReduceTask
from workers.tasks.messages import parse_message, refuse

log = logging.getLogger("pagefleet.control")
REDUCERS = 4
#: Seconds after which a round of the sweeper is taken for stuck.
SWEEP_LIMIT_S = 1800.0


class ControlProcess:
    """Consumes the reduce and maintenance queues; sweeps on a timer."""

    def __init__(
        self, settings: Settings, worker: str, roles: frozenset[str], health: Health
    ) -> None:
        self._settings = settings
        self._health = health
        self._worker = worker
        self._roles = roles
        self._stopped = threading.Event()
        self._app = make_app(settings)
        self._dispatch_state = DispatchState(settings)
        self._jobs = JobStore(open_store(settings))
        tracing = tracing_of(settings, "pagefleet-control", worker)
        self._dispatcher = Dispatcher(settings, self._dispatch_state, self._app, tracing)
        self._sweeper = self._make_sweeper()

    def run(self) -> int:
        """Serve until SIGTERM; returns the process's exit status."""
        self._register()
        control_metrics.start_at_zero()
        document_metrics.start_at_zero()
        metrics.WORKER.labels(self._worker, "control", "", "", __version__).set(1)
        self._app.steps["consumer"].add(
            consumer_pulse(self._health, "control", self._settings.broker_timeout_s)
        )
        self._health.fulfil(START)
        beats = RoleBeats(self._roles, self._worker)
        reports = broker_reports(self._settings, self._health)
        with ExitStack() as stack:
            if "sweep" in self._roles:
                reader = FleetReader(self._settings, hasty=True)
                snapshots = stack.enter_context(background_snapshots(reader))
                REGISTRY.register(FleetCollector(snapshots))
                threading.Thread(target=self._sweep_forever, name="sweep", daemon=True).start()
            stack.enter_context(beats.leaving(self._settings))
            stack.enter_context(pinging_broker(self._settings, beats.send, *reports))
            self._consume()
        return 0

    def _consume(self) -> None:
        queues = [REDUCE] if "reduce" in self._roles else []
        queues += [MAINTENANCE] if "sweep" in self._roles else []
        log.info("started: %s", ", ".join(sorted(self._roles)))
        refused = partial(refuse, self._dispatch_state)
        name = f"control-{self._worker}"
        obey = not self._settings.flower_read_only
        run_worker(self._app, name, queues, REDUCERS, self._stopped.set, refused, obey=obey)

    def _make_sweeper(self) -> Sweeper:
        settings = self._settings
        days = settings.effective_retention_days
        own = OwnJobs(self._jobs, settings)
        repairs = make_repairs(
            self._jobs,
            self._dispatch_state,
            self._dispatcher,
            adopt=settings.adopt_open_jobs,
            pools=parse_pools(settings.pools or ""),
            retention=Retention(self._jobs, days, own) if days else None,
            webhooks=WebhookSender(self._jobs, settings, own),
            pods=PodApi() if settings.pod_deletion_cost else None,
            own=own,
        )
        lock_s = max(5, round(settings.sweep_interval_s * 3))
        return Sweeper(self._worker, self._dispatch_state, repairs, lock_s=lock_s)

    def _register(self) -> None:
        task = ReduceTask(self._jobs, self._dispatch_state, self._dispatcher)

        def reduce(message: dict[str, Any]) -> str:
            parsed = parse_message(ReduceMessage, message, self._dispatch_state)
            if parsed is None:
                return "refused"
            try:
                return task.handle(parsed)
            except (TransientError, NewerRelease) as error:
                # The reducer's claim expires and the sweeper sends the message again.
                log.warning("job %s is not written yet: %s", parsed.job_id, error.message)
                return f"not written yet: {error.code}"

        def sweep() -> None:
            self._sweep()

        self._app.task(name=REDUCE_TASK)(reduce)
        self._app.task(name=SWEEP_TASK)(sweep)

    def _sweep_forever(self) -> None:
        self._health.beat("sweeper", SWEEP_LIMIT_S)
        while not self._stopped.wait(self._settings.sweep_interval_s):
            self._sweep()
            self._health.beat("sweeper", SWEEP_LIMIT_S)

    def _sweep(self) -> None:
        try:
            self._sweep_once()
        except TransientError as error:
            log.warning("the sweep stopped and will start again: %s", error.message)
        except Exception:  # no other process repairs, so the sweeper must survive its own bugs
            log.exception("a sweep failed and will start again")

    def _sweep_once(self) -> None:
        with control_metrics.SWEEP_SECONDS.time():
            repairs = self._sweeper.sweep() or Counter()
        control_metrics.SWEEP_LAST_RUN.set_to_current_time()
        for kind in control_metrics.REPAIR_KINDS:
            control_metrics.REPAIRS.labels(kind).inc(repairs[kind])
