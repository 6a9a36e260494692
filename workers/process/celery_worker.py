"""Runs a Celery worker in this process and reports when it shuts down."""

import os
import signal
from collections.abc import Callable, Sequence

from celery import Celery
from celery.worker import state

from shared.domain.errors import ExitCode
from shared.processes.stop_signals import act_on_signals
from workers.process.guarded_consumer import Refuse, guarded_consumer, log_refused
from workers.process.lease_renewal import LeaseRenewal

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_worker(
    app: Celery,
    name: str,
    queues: Sequence[str],
    concurrency: int,
    on_shutdown: Callable[[], None],
    refuse: Refuse = log_refused,
) -> None:
    """Consume ``queues`` with ``concurrency`` threads until SIGTERM; returns when drained.

    ``refuse`` gets every message that cannot become a task, and the reason.
    """
    app.steps["consumer"].add(LeaseRenewal)
    worker = app.Worker(
        hostname=f"{name}@{os.uname().nodename}",
        consumer_cls=guarded_consumer(refuse),
        pool="threads",
        concurrency=concurrency,
        queues=list(queues),
        loglevel="WARNING",
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    # Celery's own handlers print and call receivers, which may need a lock that is held.
    worker.install_platform_tweaks = lambda _worker: act_on_signals(_SIGNALS, stop)

    def stop() -> None:
        if state.should_stop is None:
            state.should_stop = int(ExitCode.OK)
            on_shutdown()

    worker.start()
