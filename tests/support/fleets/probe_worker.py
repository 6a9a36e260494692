"""A real Celery worker process with one slow task, for tests of the connection to the broker.

Run as ``python -m tests.support.fleets.probe_worker URL JOURNAL LEASE_S``; the task ``probe``
writes a line to the journal when it starts and when it ends.
"""

import sys
import time
from pathlib import Path

from celery import Celery

from shared.broker.celery_app import make_app
from shared.broker.queues import MAINTENANCE
from shared.config.settings import Settings, build_settings
from workers.process.celery_worker import run_worker

TASK = "probe"
CONCURRENCY = 4


def settings_for(url: str, lease_s: int) -> Settings:
    """Settings of both ends of the test."""
    return build_settings({"redis_url": url, "lease_s": lease_s})


def make_probe(url: str, lease_s: int) -> Celery:
    """The application, for the worker and for the test that sends tasks."""
    return make_app(settings_for(url, lease_s), (MAINTENANCE,))


def main(url: str, journal: Path, lease_s: int) -> None:
    """Serve until SIGTERM."""
    app = make_probe(url, lease_s)

    def probe(number: int, seconds: float) -> None:
        _note(journal, f"start {number}")
        time.sleep(seconds)
        _note(journal, f"end {number}")

    app.task(name=TASK)(probe)
    run_worker(app, "probe", [MAINTENANCE], CONCURRENCY, lambda: None)


def _note(journal: Path, line: str) -> None:
    with journal.open("a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
