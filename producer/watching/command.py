"""``pagefleet watch``: makes a plan from the command line and runs a watcher."""

import hashlib
import json
import signal
from dataclasses import replace
from typing import Any

from producer.commands.cli_options import request_of, settings_of
from producer.connections import Connections, choose_engine, pool_warning
from producer.intake.opener import Intake
from producer.submission.request import Request
from producer.watching.event_log import EventLog
from producer.watching.folder_options import FolderOptions
from producer.watching.places.addresses import Route, route_of
from producer.watching.triggers.registry import pop_trigger_values, select_triggers
from producer.watching.watcher import INTAKE_PROCESSES, Plan, Watcher
from shared.config.settings import Settings
from shared.domain.errors import ExitCode
from shared.processes.home_folder import private_folder

#: Seconds between scans: if they are the only trigger, and if there are others.
PERIOD_S = 10.0
REPAIR_PERIOD_S = 60.0
#: How long an object must be unchanged; 0 at Amazon S3, whose writes are atomic.
SETTLE_S = 0.5
FOLDER_SETTLE_S = 1.0
_OPTIONS = ("prompt", "query", "pages", "resolution", "crop_mode", "max_tiles", "dpi", "exact",
            "text_layer")  # fmt: skip


def watch_place(options: dict[str, Any]) -> int:
    """Watch until SIGTERM or Ctrl-C; ``options`` are those of the command line."""
    settings = settings_of(options)
    route = route_of(options["source"], options["to"], options["after"], settings)
    trigger_options = pop_trigger_values(options)
    triggers = select_triggers(trigger_options, route.kind)
    connections = Connections(settings)
    engine = choose_engine(settings, connections.dispatch_state)
    plan = replace(
        _plan(options, route, settings, engine),
        period_s=options["period"] or (REPAIR_PERIOD_S if triggers else PERIOD_S),
        trigger_options=trigger_options,
    )
    event_log = EventLog(options["as_json"], options["quiet"])
    warning = pool_warning(connections.dispatch_state, engine)
    if warning:
        event_log.info(warning)
    with (
        Intake(settings, INTAKE_PROCESSES) as intake,
        private_folder(settings, "watch-") as scratch,
    ):
        watcher = Watcher(plan, connections, intake, scratch.folder, event_log)
        signal.signal(signal.SIGTERM, lambda *_: watcher.stop.set())
        event_log.info(f"watching {route.source}, writing to {route.to}; Ctrl-C stops")
        try:
            watcher.run()
        except KeyboardInterrupt:
            watcher.stop.set()
            raise
    return ExitCode.OK


def _plan(options: dict[str, Any], route: Route, settings: Settings, engine: str) -> Plan:
    return Plan(
        route=route,
        request=_request(options, settings, engine),
        options=_options_digest(options),
        after=options["after"],
        lists_per_period=options["lists"],
        settle_s=_settle_s(options["settle"], route, settings),
        max_open=options["max_open"],
        once=options["once"],
    )


def _request(options: dict[str, Any], settings: Settings, engine: str) -> Request:
    request = request_of({**options, "force": False}, settings, engine)
    request.check()
    return request


def _settle_s(option: float | None, route: Route, settings: Settings) -> float:
    if option is not None:
        return option
    if route.kind == "folder":
        return FOLDER_SETTLE_S
    return SETTLE_S if settings.s3_endpoint_url else 0.0


def _options_digest(options: dict[str, Any]) -> str:
    """12 hex digits that identify the page options of the command line; "" for none."""
    page = FolderOptions(**{name: options[name] for name in _OPTIONS if options.get(name)})
    task = {} if options["task"] == "markdown" else {"task": options["task"]}
    engine = {name: options[name] for name in ("engine", "model") if options.get(name)}
    digested = {**page.model_dump(exclude_none=True, exclude={"labels"}), **task, **engine}
    if not digested:
        return ""
    return hashlib.sha256(json.dumps(digested, sort_keys=True).encode()).hexdigest()[:12]
