"""How soon a real fleet is itself again: killed, drained, stopped, emptied, without its store."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.config.settings import Settings
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import pagefleet, pdf, wait_until
from tests.support.fleets.ledger_check import check_job
from tests.support.servers.processes import S3Server
from tests.system.failures.machines import Machine, serving, strike
from tests.system.failures.store_proxy import StoreProxy
from tests.system.failures.verdict import count_repeated

LEASE_S = 12


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[list[Machine]]:
    started: list[Machine] = []
    yield started
    for machine in started:
        machine.stop()


def start(machines: list[Machine], settings: Settings, tmp_path: Path) -> Machine:
    machine = Machine(settings, tmp_path / "workers.log", {})
    machines.append(machine)
    return machine


def submit(settings: Settings, path: Path, pages: int) -> str:
    ended = pagefleet(settings, "submit", "--json", str(pdf(path, pages)))
    assert ended.status == 0, ended.err
    return str(ended.lines[0]["job_id"])


def fleet_settings(
    made: SettingsFactory, redis_url: str, tmp_path: Path, **more: object
) -> Settings:
    values: dict[str, object] = {
        "redis_url": redis_url, "engine": "fake", "fake_render": False, "lease_s": LEASE_S,
        "sweep_interval_s": 1, "drain_s": 1, "max_concurrency": 4,
        "fake_journal": tmp_path / "journal",
    }  # fmt: skip
    return made(**{**values, **more})


def journal_lines(settings: Settings) -> int:
    assert settings.fake_journal is not None
    return (
        len(settings.fake_journal.read_text().splitlines()) if settings.fake_journal.exists() else 0
    )


def is_done(settings: Settings, job_id: str) -> bool:
    return open_store(settings).exists(f"jobs/{job_id}/_DONE")


def test_pages_of_a_machine_that_lost_power_run_elsewhere_within_the_lease(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, machines: list[Machine]
) -> None:
    slow = fleet_settings(settings, redis_url, tmp_path, fake_latency_ms=600_000)
    quick = slow.model_copy(update={"fake_latency_ms": 0.0})
    lost = start(machines, slow, tmp_path)
    job_id = submit(slow, tmp_path / "a.pdf", 3)
    wait_until(lambda: journal_lines(slow) == 3)

    lost.process.kill()
    struck = time.monotonic()
    start(machines, quick, tmp_path)
    wait_until(lambda: is_done(quick, job_id), 60)

    # The lease, the sweeper's round, and what a process needs to start on a busy machine.
    assert time.monotonic() - struck < LEASE_S + 25
    checked = check_job(open_store(quick), job_id)
    assert checked.counts["ok"] == 3
    assert set(checked.attempts.values()) == {1}, "dying is no failure of the page"


def test_pages_of_a_killed_process_are_given_back_by_its_supervisor_at_once(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, machines: list[Machine]
) -> None:
    made = fleet_settings(settings, redis_url, tmp_path, fake_latency_ms=600_000, lease_s=3600)
    start(machines, made, tmp_path)
    submit(made, tmp_path / "a.pdf", 2)
    wait_until(lambda: journal_lines(made) == 2)
    first = set(serving(made, "pages"))

    for pid in first:
        strike(pid, signal.SIGKILL)

    wait_until(lambda: journal_lines(made) == 4, 40)
    assert not first & set(serving(made, "pages"))


def test_a_worker_that_is_told_to_stop_gives_its_pages_back_at_once(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, machines: list[Machine]
) -> None:
    slow = fleet_settings(settings, redis_url, tmp_path, fake_latency_ms=600_000, lease_s=120)
    machine = start(machines, slow, tmp_path)
    submit(slow, tmp_path / "a.pdf", 6)
    wait_until(lambda: journal_lines(slow) == 4)

    machine.process.send_signal(signal.SIGTERM)
    told = time.monotonic()
    machine.process.wait(30)

    assert time.monotonic() - told < slow.drain_s + 15
    with redis.Redis.from_url(redis_url) as client:
        assert client.zcard("pagefleet:leases:fake") == 0
        assert client.zcard("pagefleet:queued:pages.fake.normal") == 6
        assert client.llen("pagefleet:pages.fake.normal") == 6
        assert not client.keys("pagefleet:suspicion:*"), "a drain blames no page"


def test_pages_of_a_worker_that_stands_still_are_taken_over_and_it_lets_go_afterwards(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, machines: list[Machine]
) -> None:
    slow = fleet_settings(settings, redis_url, tmp_path, fake_latency_ms=3000)
    start(machines, slow, tmp_path)
    job_id = submit(slow, tmp_path / "a.pdf", 4)
    wait_until(lambda: journal_lines(slow) == 4)
    (still,) = serving(slow, "pages")
    strike(still, signal.SIGSTOP)
    start(machines, slow, tmp_path)

    wait_until(lambda: is_done(slow, job_id), 60)
    strike(still, signal.SIGCONT)

    dispatch_state = DispatchState(slow)
    wait_until(lambda: dispatch_state.pages.outstanding("fake") == 0, 20)
    assert check_job(open_store(slow), job_id).counts["ok"] == 4
    assert slow.fake_journal is not None
    assert count_repeated(slow.fake_journal) <= 4


def test_doctor_rebuilds_a_broker_that_lost_everything(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, machines: list[Machine]
) -> None:
    made = fleet_settings(settings, redis_url, tmp_path, adopt_open_jobs=False)
    job_id = submit(made, tmp_path / "a.pdf", 5)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()

    repaired = pagefleet(made, "doctor", "--repair")
    start(machines, made, tmp_path)

    assert "1 open jobs taken up" in repaired.out
    wait_until(lambda: is_done(made, job_id), 40)
    assert check_job(open_store(made), job_id).counts["ok"] == 5


def test_an_outage_of_the_store_pauses_pages_and_costs_them_nothing(
    s3_settings: SettingsFactory,
    s3_server: S3Server,
    redis_url: str,
    tmp_path: Path,
    machines: list[Machine],
) -> None:
    proxy = StoreProxy(s3_server.endpoint, seed=1)
    made = fleet_settings(
        s3_settings, redis_url, tmp_path, fake_latency_ms=50, s3_endpoint_url=proxy.endpoint,
        max_attempts=1,
    )  # fmt: skip
    start(machines, made, tmp_path)
    job_id = submit(made, tmp_path / "a.pdf", 60)
    wait_until(lambda: journal_lines(made) > 5)

    proxy.down = True
    time.sleep(6)
    before = journal_lines(made)
    time.sleep(2)
    assert journal_lines(made) == before < 60, "nothing is read that can't be kept"
    proxy.down = False

    wait_until(lambda: is_done(made, job_id), 60)
    checked = check_job(open_store(made), job_id)
    assert checked.counts == {"ok": 60, "blank": 0, "failed": 0}
    assert made.fake_journal is not None
    assert count_repeated(made.fake_journal) == 0
    proxy.close()
