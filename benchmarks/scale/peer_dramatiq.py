"""Dramatiq: one process with threads, and an actor that does nothing."""

import signal
import sys
import threading
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from shared.config.settings import load_settings


def work(threads: int) -> None:
    """Consume messages until SIGTERM."""
    broker, stopped = _broker(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    worker = dramatiq.Worker(broker, worker_threads=threads)
    worker.start()
    stopped.wait()
    worker.stop()


def send(number: int) -> None:
    """Queue ``number`` messages and wait until all have run."""
    broker = _broker()
    actor = broker.get_actor("bare")
    for page in range(number):
        actor.send("job", page)
    broker.join(actor.queue_name, interval=50)


def bare(_job: str, _page: int) -> None:
    """Do nothing."""


def _broker() -> Any:
    broker = RedisBroker(url=load_settings().broker_url())
    dramatiq.set_broker(broker)
    dramatiq.actor(bare, actor_name="bare")
    return broker


if __name__ == "__main__":
    {"work": work, "send": send}[sys.argv[1]](int(sys.argv[2]))
