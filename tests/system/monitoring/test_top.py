"""``pagefleet top`` in a terminal and as JSON."""

import json
import re
import time
from pathlib import Path

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.snapshots.fleet_snapshot import FleetReader
from shared.domain.pools import checked_pool
from shared.domain.records.job import Counts
from tests.conftest import SettingsFactory
from tests.support.console.terminal import Terminal
from tests.support.fleets.fleet import BIN, environment, pagefleet, wait_until
from tests.support.fleets.watched_fleet import FAILED_PAGE, LARGE, Watched
from tests.support.servers.processes import start_redis

COMMAND = [str(BIN / "pagefleet"), "top", "--interval", "0.3"]
LEAVE_SCREEN, CLEAR = b"\x1b[?1049l", b"\x1b[2J"


def hot_pages(dispatch_state: DispatchState, job_id: str) -> int:
    """Pages done since the job was opened; its speed is computed from them."""
    job = dispatch_state.jobs.progress(job_id)
    return 0 if job is None else job.done - job.already


def test_json_figures_are_those_of_the_dispatch_state(watched: Watched) -> None:
    dispatch_state = DispatchState(watched.settings)
    wait_until(lambda: hot_pages(dispatch_state, watched.open_job) > 4)
    before = dispatch_state.jobs.progress(watched.open_job)

    (facts,) = pagefleet(watched.settings, "top", "--json").lines

    after = dispatch_state.jobs.progress(watched.open_job)
    (job,), (pool,), (worker,) = facts["jobs"], facts["pools"], facts["workers"]
    assert before is not None
    assert after is not None
    assert before.done <= job["done"] <= after.done
    assert (job["job_id"], job["pages"]) == (watched.open_job, LARGE)
    assert job["done"] == sum(job["counts"].values())
    remaining = job["eta_s"] * job["pages_per_s"]
    assert remaining == pytest.approx(LARGE - job["done"], rel=0.05)
    assert (pool["workers"], pool["capacity"]) == (1, 4)
    assert pool["outstanding"] >= pool["in_flight"]
    assert worker["name"].endswith("-fake-1")
    assert 0 < worker["busy"] <= 1
    assert 0 < facts["pages_per_s"] <= 4 / 0.15
    failures = [entry for entry in facts["failures"] if entry["job_id"] == watched.ended_job]
    assert [(entry["page"], entry["code"]) for entry in failures] == [
        (FAILED_PAGE, "engine_failed")
    ]


def test_q_quits_and_restores_the_terminal(watched: Watched) -> None:
    with Terminal(COMMAND, environment(watched.settings), 150, 40) as terminal:
        terminal.wait_for("tokens/s  done")
        terminal.wait_for(watched.open_job)
        first = terminal.text
        while terminal.text == first:  # until an update changes the screen
            terminal.wait_for("POOLS")
            terminal.read(0.1)
        # An update overwrites the last one and clears nothing, so the screen does not flicker.
        entered = terminal.bytes.index(b"\x1b[?1049h")
        assert CLEAR not in terminal.bytes[entered + 16 :]

        terminal.press(b"q")

        assert terminal.end() == 0
        assert LEAVE_SCREEN in terminal.bytes
        assert terminal.modes_now == terminal.modes


def test_ctrl_c_quits_and_restores_the_terminal(watched: Watched) -> None:
    with Terminal(COMMAND, environment(watched.settings), 100, 30) as terminal:
        terminal.wait_for("WORKERS")

        terminal.press(b"\x03")

        assert terminal.end() == 130
        assert LEAVE_SCREEN in terminal.bytes
        assert b"Traceback" not in terminal.bytes
        assert terminal.modes_now == terminal.modes


def test_a_small_window_omits_columns_and_a_resize_shows_them(watched: Watched) -> None:
    with Terminal(COMMAND, environment(watched.settings), 72, 24) as terminal:
        terminal.wait_for(watched.open_job)
        assert "tokens/s  done" not in terminal.text
        assert "engine_failed" in terminal.text

        terminal.resize(160, 24)

        terminal.wait_for("tokens/s  done")
        terminal.press(b"q")
        terminal.end()


def test_a_lost_broker_is_reported_and_the_screen_stays(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    server = start_redis(tmp_path)
    config = settings(redis_url=server.url)
    with Terminal(COMMAND, environment(config), 120, 24) as terminal:
        terminal.wait_for("POOLS  none")

        server.stop()

        terminal.wait_for("does not answer")
        assert server.password not in terminal.text
        terminal.press(b"q")
        assert terminal.end() == 0


def test_output_that_is_not_a_terminal_is_printed_once_without_control_characters(
    watched: Watched,
) -> None:
    result = pagefleet(watched.settings, "top")

    assert (result.status, result.err) == (0, "")
    assert "LAST FAILURES" in result.out
    assert "\x1b" not in result.out


def test_top_without_a_broker_reports_the_next_step(settings: SettingsFactory) -> None:
    result = pagefleet(settings(redis_url="redis://127.0.0.1:1/0"), "top", "--once")

    assert result.status == 5
    assert "PAGEFLEET_REDIS_URL" in result.err


def test_an_update_is_three_round_trips_for_any_number_of_jobs(
    settings: SettingsFactory, redis_url: str
) -> None:
    config = settings(redis_url=redis_url)
    dispatch_state, reader = DispatchState(config), FleetReader(config)

    def open_jobs(numbers: range) -> None:
        for number in numbers:
            job_id = f"{number:016x}-00000000"
            dispatch_state.jobs.open(job_id, "fake", "normal", 0.0, 9, Counts(), [], [(1, 9)])

    def reads_of_an_update() -> int:
        reader.snapshot()
        with redis.Redis.from_url(redis_url) as client:
            before = client.info("stats")["total_reads_processed"]
            reader.snapshot()
            return int(client.info("stats")["total_reads_processed"] - before - 1)

    dispatch_state.pools.declare([checked_pool("fake")])
    open_jobs(range(2))
    few = reads_of_an_update()
    open_jobs(range(2, 200))

    assert (few, reads_of_an_update()) == (3, 3)
    assert len(reader.snapshot().jobs) == 50
    assert reader.snapshot().pools[0].open_jobs["normal"] == 200


def test_a_worker_with_an_expired_heartbeat_is_not_shown(
    settings: SettingsFactory, redis_url: str
) -> None:
    config = settings(redis_url=redis_url)
    dispatch_state = DispatchState(config)
    dispatch_state.workers.heartbeat("fake", "alive", 4, {})
    silent = json.dumps({"capacity": 9, "expires": time.time() - 1, "facts": "{}"})
    with redis.Redis.from_url(redis_url) as client:
        client.hset("pagefleet:workers:fake", "silent", silent)

    (pool,) = FleetReader(config).snapshot().pools

    assert [worker.name for worker in pool.workers] == ["alive"]


def test_long_lists_are_cut_to_the_window_with_the_number_of_hidden_rows(
    settings: SettingsFactory, redis_url: str
) -> None:
    config = settings(redis_url=redis_url)
    dispatch_state = DispatchState(config)
    for number in range(30):
        dispatch_state.workers.heartbeat("fake", f"worker-{number:02}", 4, {})
        job_id = f"{number:016x}-00000000"
        dispatch_state.jobs.open(job_id, "fake", "normal", 0.0, 9, Counts(), [], [(1, 9)])
    with Terminal(COMMAND, environment(config), 100, 30) as terminal:
        terminal.wait_for("JOBS")
        terminal.wait_for("LAST FAILURES  none")
        shown = terminal.text
        terminal.press(b"q")
        terminal.end()

    rows = [line for line in shown.splitlines() if line.startswith(("worker-", "0000"))]
    cut = [int(number) for number in re.findall(r"  (\d+) more", shown)]
    assert len(cut) == 2
    assert len(rows) + sum(cut) == 60
    assert len(rows) >= 12
