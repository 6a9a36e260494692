"""``pagefleet watch``: makes a plan from the command line and runs a watcher."""

import hashlib
import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from producer.commands.watch_options import WatchOptions
from producer.connections import Connections, pool_warning, wait_for_services
from producer.intake.opener import Intake
from producer.local.embedded_fleet import EmbeddedFleet
from producer.submission.pool_choice import FleetPools
from producer.submission.request import Request
from producer.watching.event_log import EventLog
from producer.watching.places.addresses import Route, refuse_config_file_in, route_of
from producer.watching.triggers.registry import select_triggers
from producer.watching.watcher import INBOX, INTAKE_PROCESSES, Plan, Watcher
from shared.config.settings import Settings
from shared.console.json_lines import JsonLines, Secrets, log_to_stderr
from shared.domain.errors import ExitCode
from shared.domain.records.options import PageOptions
from shared.processes.home_folder import private_folder
from shared.processes.stop_signals import acting_on_signals
from shared.telemetry.health import Health
from shared.telemetry.heartbeat_file import heartbeat_file
from shared.telemetry.http_port import http_port
from shared.telemetry.process_labels import PROCESS_LABELS

#: Seconds between scans: if they are the only trigger, and if there are others.
PERIOD_S = 10.0
REPAIR_PERIOD_S = 60.0
#: How long an object must be unchanged; 0 at Amazon S3, whose writes are atomic.
SETTLE_S = 0.5
FOLDER_SETTLE_S = 1.0
DEFAULT_TASK = "markdown"
#: Sets the event where the processes of this command end by themselves.
Guard = Callable[[threading.Event], AbstractContextManager[None]]
#: A condition of being ready.
SERVICES = "broker and store"
#: Name of the heartbeat file in ``heartbeat_dir``.
HEARTBEAT = "watch"


def watch_place(options: WatchOptions) -> int:
    """Watch until SIGTERM or Ctrl-C; the next watcher adopts open work.

    Where no broker is configured, a broker and workers run on this machine meanwhile.
    """
    settings = options.settings()
    route = route_of(options.source, options.to, options.after, settings)
    refuse_config_file_in(route)
    select_triggers(options.trigger_options, route.kind)
    request = options.request(settings)
    request.check()
    event_log = _event_log(options, settings)
    if settings.redis_url is not None:
        with _observed(settings, route) as health:
            return _watch_with_fleet(options, route, Connections(settings), event_log, health)
    engine = request.pool().engine
    event_log.info(f"no broker is configured: starting one, and engine {engine}, on this machine")
    with (
        EmbeddedFleet(settings, engine) as fleet,
        _observed(settings, route) as health,
    ):
        connections = Connections(fleet.settings)
        return _watch(options, route, connections, event_log, health, fleet.stopping)


def _watch_with_fleet(
    options: WatchOptions,
    route: Route,
    connections: Connections,
    event_log: EventLog,
    health: Health,
) -> int:
    if options.wait_for_services:
        health.require(SERVICES)
        wait_for_services(connections, event_log.warning)
        health.fulfil(SERVICES)
    dispatch_state = connections.dispatch_state
    request = options.request(connections.settings, FleetPools(dispatch_state))
    warning = pool_warning(dispatch_state, request.pool())
    if warning:
        event_log.info(warning)
    return _watch(options, route, connections, event_log, health, _no_guard)


def _no_guard(_: threading.Event) -> AbstractContextManager[None]:
    return nullcontext()


@contextmanager
def _observed(settings: Settings, route: Route) -> Iterator[Health]:
    """Serve metrics and health while the block runs; the watcher is alive, and ready later."""
    health = Health()
    health.require(INBOX)  # before the port answers
    PROCESS_LABELS.add(fleet=settings.fleet, source=route.source)
    with (
        http_port(settings.metrics_host, settings.metrics_port, health),
        heartbeat_file(settings.heartbeat_dir, HEARTBEAT, health),
    ):
        yield health


def _watch(
    options: WatchOptions,
    route: Route,
    connections: Connections,
    event_log: EventLog,
    health: Health,
    guard: Guard,
) -> int:
    settings = connections.settings
    plan = _plan(options, route, options.request(settings, FleetPools(connections.dispatch_state)))
    with (
        Intake(settings, INTAKE_PROCESSES) as intake,
        private_folder(settings, "watch-") as scratch,
    ):
        watcher = Watcher(plan, connections, intake, scratch.folder, event_log, health=health)
        with acting_on_signals([signal.SIGTERM], watcher.stop.set), guard(watcher.stop):
            event_log.info(f"watching {route.source}, writing to {route.to}; Ctrl-C stops")
            _run(watcher)
    return ExitCode.OK


def _event_log(options: WatchOptions, settings: Settings) -> EventLog:
    """With log_format "json", everything that this process logs is JSON."""
    structured = settings.log_format == "json"
    if structured:
        log_to_stderr(JsonLines(Secrets(settings), None), settings.log_level)
    return EventLog(options.as_json, options.quiet, structured=structured)


def _run(watcher: Watcher) -> None:
    try:
        watcher.run()
    except KeyboardInterrupt:
        watcher.stop.set()
        raise


def _plan(options: WatchOptions, route: Route, request: Request) -> Plan:
    triggers = select_triggers(options.trigger_options, route.kind)
    return Plan(
        route=route,
        request=request,
        options=_options_digest(options),
        after=options.after,
        period_s=options.period or (REPAIR_PERIOD_S if triggers else PERIOD_S),
        lists_per_period=options.lists,
        settle_s=_settle_s(options.settle, route, request.settings),
        max_open=options.max_open,
        trigger_options=options.trigger_options,
        once=options.once,
    )


def _settle_s(option: float | None, route: Route, settings: Settings) -> float:
    if option is not None:
        return option
    if route.kind == "folder":
        return FOLDER_SETTLE_S
    return SETTLE_S if settings.s3_endpoint_url else 0.0


def _options_digest(options: WatchOptions) -> str:
    """32 hex digits that identify the page options of the command line; "" for none."""
    values = {**vars(options), **options.page_settings}
    digested = {name: values[name] for name in PageOptions.model_fields if values[name]}
    if options.task == DEFAULT_TASK:
        del digested["task"]
    if not digested:
        return ""
    return hashlib.sha256(json.dumps(digested, sort_keys=True).encode()).hexdigest()[:32]
