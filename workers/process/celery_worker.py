"""Runs a Celery worker in this process and reports when it shuts down.

Nothing in its event loop waits for the broker without end: events, acknowledgements and answers to
remote control are sent by threads.
"""

import os
import signal
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from celery import Celery
from celery.worker import state

from shared.broker.transport.kombu_batches import acknowledged_together
from shared.domain.errors import ExitCode
from shared.processes import command_process
from shared.processes.stop_signals import act_on_signals, ignore_signals
from workers.process.background_calls import BackgroundCalls
from workers.process.background_events import BackgroundEvents
from workers.process.guarded_consumer import Refuse, guarded_consumer, log_refused
from workers.process.remote_control import only_read
from workers.process.visibility_renewal import VisibilityRenewal

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
#: Answers to remote control that wait while the broker is away.
ANSWERS_KEPT = 100
#: Seconds that the end of a worker waits for its last acknowledgements.
ACKNOWLEDGE_S = 10.0


def run_worker(
    app: Celery,
    name: str,
    queues: Sequence[str],
    concurrency: int,
    on_shutdown: Callable[[], None],
    refuse: Refuse = log_refused,
    *,
    obey: bool = False,
) -> None:
    """Consume ``queues`` with ``concurrency`` threads until SIGTERM; returns when drained.

    The process must end then: it ignores SIGTERM and SIGINT from there on.

    ``refuse`` gets every message that cannot become a task, and the reason. With ``obey`` the
    worker also obeys commands of remote control that change it, as of a Flower that may write.
    """
    calls = BackgroundCalls("acknowledge", together=acknowledged_together)
    if not obey:
        only_read()
    app.events.dispatcher_cls = BackgroundEvents
    _answer_in_background(app)
    app.steps["consumer"].add(VisibilityRenewal)
    worker = app.Worker(
        hostname=f"{name}@{os.uname().nodename}",
        consumer_cls=guarded_consumer(refuse, calls),
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

    command_process.loaded()
    worker.start()
    ignore_signals(_SIGNALS)
    # What is not acknowledged comes back and is acknowledged then, without being read again.
    calls.finish(ACKNOWLEDGE_S)


def _answer_in_background(app: Celery) -> None:
    """Send answers to remote control, such as Flower's questions, in a thread.

    Kombu sends them with retries without end, in the event loop.
    """
    mailbox, answers = app.control.mailbox, BackgroundCalls("answers", ANSWERS_KEPT)
    send = mailbox._publish_reply

    def send_soon(*arguments: Any, **options: Any) -> None:
        answers.add(partial(send, *arguments, **options))

    mailbox._publish_reply = send_soon
