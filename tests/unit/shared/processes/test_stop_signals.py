"""A signal at any step of the main thread is safe, also while it holds the lock of the action."""

import signal
import threading
from collections.abc import Iterator

import pytest

from shared.processes.stop_signals import acting_on_signals

NUMBER = signal.SIGUSR1


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The handler of this process stays as it was."""
    before = signal.getsignal(NUMBER)
    yield
    signal.signal(NUMBER, before)


@pytest.mark.timeout(30)
def test_signals_within_set_of_the_event_that_they_set_do_not_block() -> None:
    stopped = threading.Event()
    lock: threading.Condition = vars(stopped)["_cond"]

    with acting_on_signals([NUMBER], stopped.set):
        with lock:  # as Event.set holds it
            signal.raise_signal(NUMBER)
            signal.raise_signal(NUMBER)
        assert stopped.wait(10)


def test_each_signal_runs_the_action_once() -> None:
    runs, count = threading.Semaphore(0), 20

    with acting_on_signals([NUMBER], runs.release):
        for _ in range(count):
            signal.raise_signal(NUMBER)
        assert all(runs.acquire(timeout=10) for _ in range(count))

    assert not runs.acquire(timeout=0.1)
