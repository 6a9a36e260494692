"""``pagefleet watch``: from the words of a command line to a running watcher."""

import hashlib
import json
import signal
from pathlib import Path
from typing import Any

from producer.commands.cli_options import request_of, settings_of
from producer.connections import Connections, choose_engine, pool_warning
from producer.intake.opener import Intake
from producer.submission.request import Request
from producer.watching.event_log import EventLog
from producer.watching.folder_options import FolderOptions
from producer.watching.places.addresses import Route, route_of
from producer.watching.watcher import INTAKE_PROCESSES, Plan, Watcher
from shared.config.settings import Settings
from shared.domain.errors import ExitCode, UsageError
from shared.processes.home_folder import private_folder

#: Seconds between looks: where they are the only trigger, and where they repair events.
PERIOD_S = 10.0
REPAIR_PERIOD_S = 60.0
#: Seconds between the two looks that must agree; none at Amazon, whose writes are atomic.
SETTLE_S = 0.5
FOLDER_SETTLE_S = 1.0
_OPTIONS = ("prompt", "query", "pages", "resolution", "crop_mode", "max_tiles", "dpi", "exact",
            "text_layer")  # fmt: skip


def watch_place(given: dict[str, Any]) -> int:
    """Watch until told to stop; a signal to end is obeyed without losing anything."""
    settings = settings_of(given)
    route = route_of(given["source"], given["to"], given["after"], settings)
    _check_triggers(given, route)
    connections = Connections(settings)
    engine = choose_engine(settings, connections.dispatch_state)
    plan = _plan(given, route, settings, engine)
    event_log = EventLog(given["as_json"], given["quiet"])
    warning = pool_warning(connections.dispatch_state, engine)
    if warning:
        event_log.info(warning)
    with Intake(settings, INTAKE_PROCESSES) as intake, private_folder(settings, "watch-") as place:
        watcher = Watcher(plan, connections, intake, place.folder, event_log)
        signal.signal(signal.SIGTERM, lambda *_: watcher.stop.set())
        event_log.info(f"watching {route.source} for {route.to}; Ctrl-C stops")
        try:
            watcher.run()
        except KeyboardInterrupt:
            watcher.stop.set()
            raise
    return ExitCode.OK


def _plan(given: dict[str, Any], route: Route, settings: Settings, engine: str) -> Plan:
    events = given["queue_url"] or given["listen"] or not route.in_bucket
    period = given["period"] or (REPAIR_PERIOD_S if events else PERIOD_S)
    return Plan(
        route=route,
        request=_request(given, settings, engine),
        options=_options_digest(given),
        after=given["after"],
        period_s=period,
        lists_per_period=given["lists"],
        settle_s=_settle(given["settle"], route, settings),
        max_open=given["max_open"],
        queue_url=given["queue_url"],
        listen=given["listen"],
        secret=_secret(given["secret_file"]) if given["listen"] else "",
        once=given["once"],
    )


def _request(given: dict[str, Any], settings: Settings, engine: str) -> Request:
    request = request_of({**given, "force": False}, settings, engine)
    request.check()
    return request


def _check_triggers(given: dict[str, Any], route: Route) -> None:
    if (given["queue_url"] or given["listen"]) and not route.in_bucket:
        raise UsageError("--queue-url and --listen are for buckets; a folder tells by itself")
    if given["listen"] and not given["secret_file"]:
        raise UsageError("--listen needs --secret-file FILE: events must be signed")


def _settle(given: float | None, route: Route, settings: Settings) -> float:
    if given is not None:
        return given
    if not route.in_bucket:
        return FOLDER_SETTLE_S
    return SETTLE_S if settings.s3_endpoint_url else 0.0


def _options_digest(given: dict[str, Any]) -> str:
    """A digest of the page options that the command line sets; "" for none."""
    options = FolderOptions(**{name: given[name] for name in _OPTIONS if given.get(name)})
    task = {} if given["task"] == "markdown" else {"task": given["task"]}
    engine = {name: given[name] for name in ("engine", "model") if given.get(name)}
    plain = {**options.model_dump(exclude_none=True, exclude={"labels"}), **task, **engine}
    if not plain:
        return ""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


def _secret(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read the secret file {path}: {error}") from None
