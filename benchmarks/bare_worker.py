"""A Celery worker with the configuration of the fleet, whose only task does nothing."""

import sys

from shared.broker.celery_app import make_app
from shared.broker.queues import MAINTENANCE
from shared.config.settings import load_settings
from workers.process.celery_worker import run_worker

TASK = "bare"


def main() -> None:
    """Consume tasks until SIGTERM; the first argument is the number of threads."""
    app = make_app(load_settings(), (MAINTENANCE,))

    def bare(_number: int) -> None:
        return None

    app.task(name=TASK)(bare)
    run_worker(app, "bare", [MAINTENANCE], int(sys.argv[1]), lambda: None)


if __name__ == "__main__":
    main()
