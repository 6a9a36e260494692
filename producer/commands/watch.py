"""``pagefleet watch``: makes a plan from the command line and runs a watcher."""

import hashlib
import json
import signal
from pathlib import Path

from producer.commands.cli_options import WatchOptions
from producer.connections import Connections, choose_engine, pool_warning
from producer.intake.opener import Intake
from producer.submission.request import Request
from producer.watching.event_log import Journal
from producer.watching.places.addresses import Route, route_of
from producer.watching.watcher import INTAKES, Plan, Watcher
from shared.config.settings import Settings
from shared.domain.errors import ExitCode, UsageError
from shared.domain.records import PageOptions
from shared.processes.home_folder import private_folder

#: Seconds between looks: where they are the only trigger, and where they repair events.
PERIOD_S = 10.0
REPAIR_PERIOD_S = 60.0
#: Seconds between the two looks that must agree; none at Amazon, whose writes are atomic.
SETTLE_S = 0.5
FOLDER_SETTLE_S = 1.0
DEFAULT_TASK = "markdown"


def watch_place(options: WatchOptions) -> int:
    """``pagefleet watch``: runs until a signal stops it; the next watcher adopts open work."""
    settings = options.settings()
    route = route_of(options.source, options.to, options.after, settings)
    _check_triggers(options, route)
    connections = Connections(settings)
    engine = choose_engine(settings, connections.dispatch_state)
    plan = _plan(options, route, settings, engine)
    journal = Journal(options.as_json, options.quiet)
    warning = pool_warning(connections.dispatch_state, engine)
    if warning:
        journal.say(warning)
    with Intake(settings, INTAKES) as intake, private_folder(settings, "watch-") as place:
        watcher = Watcher(plan, connections, intake, place.folder, journal)
        signal.signal(signal.SIGTERM, lambda *_: watcher.stop.set())
        journal.say(f"watching {route.source} for {route.to}; Ctrl-C stops")
        try:
            watcher.run()
        except KeyboardInterrupt:
            watcher.stop.set()
            raise
    return ExitCode.OK


def _plan(options: WatchOptions, route: Route, settings: Settings, engine: str) -> Plan:
    events = options.queue_url or options.listen or not route.in_bucket
    period = options.period or (REPAIR_PERIOD_S if events else PERIOD_S)
    return Plan(
        route=route,
        request=_request(options, settings, engine),
        options=_options_digest(options),
        after=options.after,
        period_s=period,
        lists_per_period=options.lists,
        settle_s=_settle(options.settle, route, settings),
        most_open=options.max_open,
        queue_url=options.queue_url,
        listen=options.listen,
        secret=_secret(options) if options.listen else "",
        once=options.once,
    )


def _request(options: WatchOptions, settings: Settings, engine: str) -> Request:
    request = options.request(settings, engine)
    request.check()
    return request


def _check_triggers(options: WatchOptions, route: Route) -> None:
    if (options.queue_url or options.listen) and not route.in_bucket:
        raise UsageError("--queue-url and --listen are for buckets; a folder tells by itself")
    if options.listen and not options.secret_file:
        raise UsageError("--listen needs --secret-file FILE: events must be signed")


def _settle(seconds: float | None, route: Route, settings: Settings) -> float:
    if seconds is not None:
        return seconds
    if not route.in_bucket:
        return FOLDER_SETTLE_S
    return SETTLE_S if settings.s3_endpoint_url else 0.0


def _options_digest(options: WatchOptions) -> str:
    """A digest of the page options that the command line sets; "" for none."""
    values = {**vars(options), **options.page_settings}
    plain = {name: values[name] for name in PageOptions.model_fields if values[name]}
    if options.task == DEFAULT_TASK:
        del plain["task"]
    if not plain:
        return ""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


def _secret(options: WatchOptions) -> str:
    path = options.secret_file or ""
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read the secret file {path}: {error}") from None
