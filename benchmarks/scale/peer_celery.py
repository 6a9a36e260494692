"""Bare Celery: the configuration of the fleet and a task that does nothing."""

import sys
import time

from shared.broker.celery_app import make_app
from shared.broker.connection import connect
from shared.broker.queues import MAINTENANCE, declare
from shared.config.settings import load_settings
from workers.process.celery_worker import run_worker

TASK = "bare"


def work(threads: int) -> None:
    """Consume tasks until SIGTERM."""
    app = make_app(load_settings(), (MAINTENANCE,))

    def bare(_job: str, _page: int) -> None:
        return None

    app.task(name=TASK)(bare)
    run_worker(app, TASK, [MAINTENANCE], threads, lambda: None)


def send(number: int) -> None:
    """Queue ``number`` tasks and wait until all have run."""
    settings = load_settings()
    queue = declare([MAINTENANCE])[0]
    with make_app(settings, (MAINTENANCE,)) as app, connect(settings) as client:
        with app.producer_or_acquire() as producer, producer.batch():
            for page in range(number):
                app.send_task(TASK, args=("job", page), queue=queue, producer=producer)
        while client.llen(f"pagefleet:{MAINTENANCE}") or client.hlen("pagefleet:unacked"):
            time.sleep(0.05)


if __name__ == "__main__":
    {"work": work, "send": send}[sys.argv[1]](int(sys.argv[2]))
