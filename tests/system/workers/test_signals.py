"""A burst of signals ends a watcher and a supervisor in time, at whatever step it arrives."""

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import BIN, environment, wait_until

SIGNALS = 200
ROUNDS = 3
GRACE_S = 40


def burst(process: "subprocess.Popen[bytes]", seed: int) -> int:
    """Send the signals with random gaps; returns the exit status."""
    chance = random.Random(seed)
    for _ in range(SIGNALS):
        process.send_signal(signal.SIGTERM)
        time.sleep(chance.choice((0, 0, 0.0001, 0.001)))
    return process.wait(GRACE_S)


def is_ready(log: Path, word: str, times: int = 1) -> bool:
    """Whether ``word`` is in the log this many times."""
    return log.read_text(errors="replace").count(word) >= times


@pytest.mark.parametrize("seed", range(ROUNDS))
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


@pytest.mark.parametrize("seed", range(ROUNDS))
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
        wait_until(lambda: is_ready(log, "ready: ", 2))
        status = burst(supervisor, seed)

    assert status == 0, log.read_text()


@pytest.mark.parametrize("kind", [("control",), ("pages", "--engine", "fake")])
def test_a_worker_process_ends(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, kind: tuple[str, ...]
) -> None:
    log = tmp_path / "log"
    variables = environment(settings(redis_url=redis_url, engine="fake", log_format="human"))
    command = [str(BIN / "pagefleet-worker"), "serve", *kind, "--name", "one"]

    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=variables, stdout=output, stderr=output) as worker,
    ):
        wait_until(lambda: is_ready(log, "ready: "))
        time.sleep(2)  # Celery installs its handlers after this line
        status = burst(worker, 0)

    assert status == 0, log.read_text()
