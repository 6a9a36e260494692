"""Configures and serves Flower: read-only and with a login by default.

Options are set here and not read from FLOWER_* variables: for a service named "flower",
Kubernetes sets FLOWER_PORT=tcp://…, and plain Flower fails to start with it.
"""

import logging
import secrets
import signal
from contextlib import redirect_stderr
from io import StringIO
from typing import Any

from celery import Celery
from flower.app import Flower
from flower.command import extract_settings
from flower.options import options
from flower.urls import settings as flower_settings
from flower.views import tasks as task_views
from flower.views.broker import BrokerView
from flower.views.monitor import Metrics
from tornado import web
from tornado.options import Error, parse_command_line

from producer.flower.view import COLUMNS, format_task
from shared.broker.celery_app import make_app
from shared.broker.dispatch_state import DispatchState
from shared.broker.queues import MAINTENANCE, REDUCE, page_queues
from shared.config.settings import Settings
from shared.console.entry_point import print_message
from shared.console.log_lines import PrintableLines
from shared.domain.errors import ExitCode, UsageError

#: Seconds until Flower forgets an offline worker; restarted workers have new names.
PURGE_OFFLINE_S = 300
INSPECT_TIMEOUT_MS = 2000.0


class GuardedMetrics(Metrics):  # type: ignore[misc]  # flower has no types
    """Flower's metrics, with the login; plain Flower serves them without one."""

    @web.authenticated
    async def get(self) -> None:
        """See flower.views.monitor.Metrics."""
        await super().get()


class AllQueues(BrokerView):  # type: ignore[misc]
    """The broker page with every queue of the fleet, also queues without a worker."""

    def get_active_queue_names(self) -> list[str]:
        """Sorted names of the queues."""
        names = {queue.name for queue in self.capp.conf.task_queues}
        return sorted(names | set(super().get_active_queue_names()))


def serve_flower(settings: Settings, more: tuple[str, ...]) -> int:
    """Serve until SIGTERM or Ctrl-C; ``more`` are Flower's own options."""
    dispatch_state = DispatchState(settings)
    pools = dispatch_state.pools.ids()  # first, to fail early without a broker
    dispatch_state.close()
    names = [name for pool in pools for name in page_queues(pool)]
    app = make_app(settings, (*names, REDUCE, MAINTENANCE))
    _log_to_stderr(settings)
    password = _configure(settings, more)
    _run(app, _address(), password)
    return ExitCode.OK


def _log_to_stderr(settings: Settings) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(PrintableLines("%(levelname)s %(message)s"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])


def _configure(settings: Settings, more: tuple[str, ...]) -> str | None:
    """Set Flower's options; returns the password if a random one was generated."""
    user, password, generated = settings.flower_user, settings.flower_password, None
    secret = password.get_secret_value() if password else ""
    if not secret:
        secret = generated = secrets.token_urlsafe(12)
    if not (user + secret).isascii() or ":" in user:
        raise UsageError("flower_user and flower_password must be ASCII, and the user without ':'")
    values = {
        "address": settings.flower_host,
        "port": settings.flower_port,
        "basic_auth": [f"{user}:{secret}"],
        "read_only": settings.flower_read_only,
        "max_tasks": settings.flower_max_tasks,
        "purge_offline_workers": PURGE_OFFLINE_S,
        "inspect_timeout": INSPECT_TIMEOUT_MS,
        "tasks_columns": ",".join(COLUMNS),
        "format_task": format_task,
        "auto_refresh": True,
    }
    for name, value in values.items():
        setattr(options, name, value)
    _parse(more)
    if options.auth:
        options.basic_auth = []
        generated = None
    task_views.TASK_COLUMNS.update(COLUMNS)
    return generated


def _parse(more: tuple[str, ...]) -> None:
    try:
        with redirect_stderr(StringIO()):  # tornado prints all its options there
            rest = parse_command_line(["pagefleet flower", *more], final=False)
    except Error as error:
        raise UsageError(f"{error} (options after -- are Flower's own)") from None
    if rest:
        raise UsageError(f"Flower does not know {' '.join(rest)!r}")
    logging.getLogger("tornado.access").setLevel(logging.ERROR)


def _address() -> str:
    host = options.address or "0.0.0.0"
    return f"http://{host}:{options.port}/{(options.url_prefix or '').strip('/')}"


def _run(app: Celery, address: str, password: str | None) -> None:
    extract_settings()
    flower = Flower(capp=app, options=options, **flower_settings)
    prefix = f"/{options.url_prefix.strip('/')}" if options.url_prefix else ""
    # These handlers take precedence over Flower's own handlers of the same paths.
    flower.add_handlers(
        ".*", [(rf"{prefix}/metrics", GuardedMetrics), (rf"{prefix}/broker", AllQueues)]
    )
    try:
        flower.start_http_server()
    except OSError as error:
        raise UsageError(f"can't serve {address}: {error.strerror}; set flower_port") from None
    print_message(f"Flower on {address}")
    if password is not None:
        user = options.basic_auth[0].partition(":")[0]
        print_message(
            f"login: {user} {password} (new at each start; set PAGEFLEET_FLOWER_PASSWORD)"
        )
    signal.signal(signal.SIGTERM, lambda *_: _stop(flower))
    try:
        flower.start()
    finally:
        flower.stop()


def _stop(flower: Any) -> None:
    """Runs in a signal handler, so it only asks the event loop to stop."""
    flower.io_loop.add_callback_from_signal(flower.io_loop.stop)
