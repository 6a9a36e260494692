"""Runs a Celery worker in this process and reports when it shuts down."""

import os
import threading
from collections.abc import Callable, Sequence

from celery import Celery, signals

from workers.process.guarded_consumer import Refuse, guarded_consumer, log_refused
from workers.process.lease_renewal import LeaseRenewal


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
    receiver = _call_once(on_shutdown)
    signals.worker_shutting_down.connect(receiver, weak=False)
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
    try:
        worker.start()
    finally:
        signals.worker_shutting_down.disconnect(receiver)


def _call_once(action: Callable[[], None]) -> Callable[..., None]:
    """A receiver that runs ``action`` in a thread, because Celery calls it in a signal handler."""
    called = threading.Event()

    def receive(**_: object) -> None:
        if not called.is_set():
            called.set()
            threading.Thread(target=action, name="drain", daemon=True).start()

    return receive
