"""Signals end a watcher and a supervisor in time, at whatever step they arrive.

The signals of one burst are one request to stop in order; a later one ends the processes at once.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from shared.config.settings import Settings
from shared.processes.stop_signals import BURST_S
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import BIN, environment, in_process, pdf, wait_until

SIGNALS = 200
#: Seeds of the gaps between signals; the others are tried by make test-long.
SEEDS = (0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2)))
GRACE_S = 40


def burst(process: "subprocess.Popen[bytes]", seed: int) -> int:
    """Send the signals with random gaps; returns the exit status."""
    chance = random.Random(seed)
    for _ in range(SIGNALS):
        process.send_signal(signal.SIGTERM)
        time.sleep(chance.choice((0, 0, 0.0001, 0.001)))
    return process.wait(GRACE_S)


def is_ready(log: Path, *words: str) -> bool:
    """Whether all ``words`` are in the log."""
    text = log.read_text(errors="replace")
    return all(word in text for word in words)


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether the process has a handler for the signal."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(mask, 16) >> (number - 1) & 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_watcher_ends(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, seed: int
) -> None:
    (tmp_path / "inbox").mkdir()
    log = tmp_path / "log"
    variables = environment(settings(redis_url=redis_url, engine="fake"))
    command = [str(BIN / "pagefleet"), "watch", str(tmp_path / "inbox"), "--period", "0.1"]

    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=variables, stdout=output, stderr=output) as watcher,
    ):
        wait_until(lambda: is_ready(log, "Ctrl-C stops"))
        status = burst(watcher, seed)

    assert status == 0, log.read_text()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_supervisor_ends_with_its_processes(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, seed: int
) -> None:
    log = tmp_path / "log"
    variables = environment(settings(redis_url=redis_url, engine="fake", log_format="human"))
    command = [str(BIN / "pagefleet-worker"), "start"]

    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=variables, stdout=output, stderr=output) as supervisor,
    ):
        wait_until(lambda: is_ready(log, "ready: ", "started: "))
        status = burst(supervisor, seed)

    assert status == 0, log.read_text()


@pytest.mark.parametrize(
    ("kind", "word"), [(("control",), "started: "), (("pages", "--engine", "fake"), "ready: ")]
)
def test_a_worker_process_ends(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, kind: tuple[str, ...], word: str
) -> None:
    log = tmp_path / "log"
    variables = environment(settings(redis_url=redis_url, engine="fake", log_format="human"))
    command = [str(BIN / "pagefleet-worker"), "serve", *kind, "--name", "one"]

    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=variables, stdout=output, stderr=output) as worker,
    ):
        wait_until(lambda: is_ready(log, word))
        wait_until(lambda: catches(worker.pid, signal.SIGTERM))
        status = burst(worker, 0)

    assert status == 0, log.read_text()


@contextmanager
def reading_supervisor(config: Settings, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A supervisor, as leader of a process group, one of whose processes reads a page."""
    command = [str(BIN / "pagefleet-worker"), "start", "--roles", "pages"]
    with (
        (tmp_path / "log").open("wb") as output,
        redis.Redis.from_url(config.broker_url()) as client,
        subprocess.Popen(
            command,
            env=environment(config),
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as supervisor,
    ):
        try:
            in_process(config, "submit", str(pdf(tmp_path / "slow.pdf", 1)))
            wait_until(lambda: client.zcard("pagefleet:leases:fake"))
            yield supervisor
        finally:
            supervisor.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_of_a_burst_does_not_cost_the_page_in_flight(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    config = settings(
        redis_url=redis_url, engine="fake", fake_render=False, fake_latency_ms=2500, drain_s=30
    )

    with reading_supervisor(config, tmp_path) as supervisor:
        for _ in range(3):  # as from a terminal, to every process of the group
            os.killpg(supervisor.pid, number)
            time.sleep(0.2)
        status = supervisor.wait(GRACE_S)

    assert status == 0
    assert [key for key in open_store(config).list("jobs/") if key.endswith("/000001.json")]


def test_a_later_second_signal_does_not_wait_for_the_page_in_flight(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    values = {"fake_render": False, "fake_latency_ms": 60_000, "drain_s": 60}
    config = settings(redis_url=redis_url, engine="fake", **values)

    with reading_supervisor(config, tmp_path) as supervisor:
        supervisor.send_signal(signal.SIGTERM)
        time.sleep(BURST_S + 0.3)
        assert supervisor.poll() is None
        supervisor.send_signal(signal.SIGTERM)
        status = supervisor.wait(15)

    assert status == 0
    assert not [key for key in open_store(config).list("jobs/") if key.endswith("/000001.json")]


def test_a_burst_of_interrupts_stops_run_in_order(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    config = settings(engine="fake", fake_render=False, fake_latency_ms=60_000, drain_s=1)
    source = pdf(tmp_path / "slow.pdf", 1)
    command = [str(BIN / "pagefleet"), "run", str(source), "-o", str(tmp_path / "out")]

    def workers_are_ready() -> bool:
        logs = (config.home / "logs").glob("run-*.log")
        return any("ready: engine" in path.read_text() for path in logs)

    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment(config), stdout=output, stderr=output) as run,
    ):
        wait_until(workers_are_ready)
        for _ in range(3):
            run.send_signal(signal.SIGINT)
            time.sleep(0.1)
        status = run.wait(GRACE_S)

    assert status == 130
    # A command that ends at once does not say this.
    assert "the same command continues where this one stopped" in log.read_text()
