"""RQ: a worker without forks, and a job that does nothing."""

import sys
import time

import redis
from rq import Queue, SimpleWorker

from shared.config.settings import load_settings

#: Jobs that one command queues.
BATCH = 500


def bare(_job: str, _page: int) -> None:
    """Do nothing."""


def work(_threads: int) -> None:
    """Consume jobs until SIGTERM; RQ has no threads."""
    client = _client()
    SimpleWorker([Queue(connection=client)], connection=client).work(logging_level="ERROR")


def send(number: int) -> None:
    """Queue ``number`` jobs and wait until all have run."""
    queue = Queue(connection=_client())
    # The same name in both processes; this module is __main__ here.
    name = "benchmarks.scale.peer_rq.bare"
    for first in range(0, number, BATCH):
        pages = range(first, min(first + BATCH, number))
        queue.enqueue_many(
            [Queue.prepare_data(name, ("job", page), result_ttl=0) for page in pages]
        )
    while queue.count or queue.started_job_registry.count:
        time.sleep(0.05)


def _client() -> "redis.Redis":
    return redis.Redis.from_url(load_settings().broker_url())


if __name__ == "__main__":
    {"work": work, "send": send}[sys.argv[1]](int(sys.argv[2]))
