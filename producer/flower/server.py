"""Configures and serves Flower: read-only and with a login by default.

Options are set here and not read from FLOWER_* variables: for a service named "flower",
Kubernetes sets FLOWER_PORT=tcp://…, and plain Flower fails to start with it.
"""

import logging
import os
import secrets
import signal
import threading
from contextlib import redirect_stderr
from io import StringIO
from typing import Any

from celery import Celery
from flower.app import Flower
from flower.command import extract_settings
from flower.options import options
from flower.urls import settings as flower_settings
from flower.views import tasks as task_views
from tornado.options import Error, parse_command_line

from producer.flower.pages import AllQueues, GuardedMetrics, PageQueues
from producer.flower.plain_events import with_plain_events
from producer.flower.view import COLUMNS, format_task
from shared.broker.celery_app import make_app
from shared.broker.dispatch_state import DispatchState
from shared.broker.queues import MAINTENANCE, REDUCE
from shared.config.settings import Settings
from shared.console.entry_point import print_message
from shared.console.log_lines import PrintableLines
from shared.domain.errors import BrokerUnreachable, ExitCode, UsageError
from shared.processes.stop_signals import acting_on_signals

#: Seconds until Flower forgets an offline worker; restarted workers have new names.
PURGE_OFFLINE_S = 300
INSPECT_TIMEOUT_MS = 2000.0
#: Seconds from SIGTERM until the process ends at the latest.
STOP_S = 5.0


def serve_flower(settings: Settings, more: tuple[str, ...], *, wait: bool) -> int:
    """Serve until SIGTERM or Ctrl-C; ``more`` are Flower's own options.

    With ``wait`` it also serves while the broker does not answer; Flower connects later.
    """
    queues = PageQueues(settings)
    _check(settings, queues, wait)  # first, to fail early without a broker
    app = make_app(settings, (REDUCE, MAINTENANCE))
    _log_to_stderr(settings)
    password = _configure(settings, more)
    _run(app, queues, _address(), password)
    return ExitCode.OK


def _check(settings: Settings, queues: PageQueues, wait: bool) -> None:
    try:
        DispatchState(settings).ping()  # its time limit is that of a hasty client
        queues.check()
    except BrokerUnreachable as error:
        if not (wait and error.may_pass):
            raise
        print_message(f"warning: Flower starts without the broker: {error.message}")


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


def _run(app: Celery, queues: PageQueues, address: str, password: str | None) -> None:
    extract_settings()
    flower = Flower(capp=app, options=options, **flower_settings)
    flower.events.state.event = with_plain_events(flower.events.state.event)
    prefix = f"/{options.url_prefix.strip('/')}" if options.url_prefix else ""
    # These handlers take precedence over Flower's own handlers of the same paths.
    flower.add_handlers(
        ".*",
        [
            (rf"{prefix}/metrics", GuardedMetrics),
            (rf"{prefix}/broker", AllQueues, {"page_queues": queues}),
        ],
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
    with acting_on_signals([signal.SIGTERM], lambda: _stop(flower)):
        try:
            flower.start()
        except KeyboardInterrupt:
            _end_soon(ExitCode.INTERRUPTED)
            raise
        finally:
            flower.stop()


def _stop(flower: Any) -> None:
    """Runs in the thread of the signals."""
    _end_soon(ExitCode.OK)
    flower.io_loop.add_callback(flower.io_loop.stop)


def _end_soon(status: int) -> None:
    """End the process after ``STOP_S``; it has nothing to store.

    Flower's other threads may wait for the broker without end, and Python waits for them.
    """
    last = threading.Timer(STOP_S, os._exit, (status,))
    last.daemon = True
    last.start()
