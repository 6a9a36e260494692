"""A Celery worker survives the loss of the broker and of its connection."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.processes.parent_death import die_with_parent
from tests.support.fleets.probe_worker import CONCURRENCY, TASK, make_probe
from tests.support.servers.durable_broker import DurableBroker

LEASE_S = 60


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[DurableBroker]:
    folder = tmp_path / "broker"
    folder.mkdir()
    server = DurableBroker(folder)
    server.start()
    yield server
    server.kill()


class Worker:
    """A probe worker process and its journal of starts and ends."""

    def __init__(self, url: str, journal: Path, lease_s: int) -> None:
        self.journal = journal
        parent = os.getpid()
        with journal.with_suffix(".log").open("w") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.support.fleets.probe_worker",
                    url,
                    str(journal),
                    str(lease_s),
                ],
                stdout=log,
                stderr=log,
                preexec_fn=lambda: die_with_parent(parent),
            )

    def log(self) -> str:
        return self.journal.with_suffix(".log").read_text()

    def lines(self) -> list[str]:
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def starts(self) -> list[str]:
        return [line for line in self.lines() if line.startswith("start")]

    def ends(self) -> list[str]:
        return [line for line in self.lines() if line.startswith("end")]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start_worker(tmp_path: Path, broker: DurableBroker) -> Iterator[Callable[..., Worker]]:
    workers: list[Worker] = []

    def start(name: str = "worker", lease_s: int = LEASE_S) -> Worker:
        worker = Worker(broker.url, tmp_path / f"{name}.journal", lease_s)
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.stop()


def send(broker: DurableBroker, numbers: range, seconds: float, lease_s: int = LEASE_S) -> None:
    with make_probe(broker.url, lease_s) as app:
        for number in numbers:
            app.send_task(TASK, args=(number, seconds))


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_cut_connection_does_not_start_a_running_task_again(
    broker: DurableBroker, start_worker: Callable[..., Worker]
) -> None:
    worker = start_worker()
    send(broker, range(2), 3.0)
    assert wait_until(lambda: len(worker.starts()) == 2, 20)

    assert broker.cut_connections() > 0

    assert wait_until(lambda: len(worker.ends()) == 2, 20)
    send(broker, range(2, 3), 0.0)
    assert wait_until(lambda: "end 2" in worker.lines(), 20)
    assert sorted(worker.starts()) == ["start 0", "start 1", "start 2"]


def test_a_worker_with_free_slots_survives_the_death_of_the_broker_and_acknowledges_late(
    broker: DurableBroker, start_worker: Callable[..., Worker]
) -> None:
    worker = start_worker()
    send(broker, range(CONCURRENCY - 2), 3.0)
    assert wait_until(lambda: len(worker.starts()) == CONCURRENCY - 2, 20)

    broker.kill()
    # Long enough for the worker to notice the loss.
    assert wait_until(lambda: "Connection" in worker.log(), 20)
    broker.start()

    assert wait_until(lambda: len(worker.ends()) == CONCURRENCY - 2, 20)
    send(broker, range(10, 11), 0.0)
    assert wait_until(lambda: "end 10" in worker.lines(), 40), "the worker takes no more tasks"
    assert worker.process.poll() is None
    assert len(worker.starts()) == CONCURRENCY - 1
    assert wait_until(lambda: unacknowledged(broker) == 0, 10)


def test_a_task_longer_than_the_lease_runs_once_while_its_worker_lives(
    broker: DurableBroker, start_worker: Callable[..., Worker]
) -> None:
    first, second = start_worker("first", 5), start_worker("second", 5)
    send(broker, range(1), 16.0, lease_s=5)

    assert wait_until(lambda: len(first.ends() + second.ends()) == 1, 40)

    assert len(first.starts() + second.starts()) == 1


def test_a_task_of_a_killed_worker_runs_elsewhere_within_its_lease(
    broker: DurableBroker, start_worker: Callable[..., Worker]
) -> None:
    first = start_worker("first", 5)
    send(broker, range(1), 2.0, lease_s=5)
    assert wait_until(lambda: len(first.starts()) == 1, 20)
    second = start_worker("second", 5)

    first.stop()

    assert wait_until(lambda: second.ends() == ["end 0"], 30)


def unacknowledged(broker: DurableBroker) -> int:
    import redis

    with redis.Redis.from_url(broker.url) as client:
        return int(client.hlen("pagefleet:unacked"))
