"""How fast a real fleet recovers from kills, drains, pauses and outages."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.config.settings import Settings
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process, pdf, wait_until
from tests.support.fleets.ledger_check import check_job, has_ended
from tests.support.servers.processes import S3Server
from tests.system.failures.machines import Machine, send_signal, serving
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
    ended = in_process(settings, "submit", "--json", str(pdf(path, pages)))
    assert ended.status == 0, ended.err
    return str(ended.lines[0]["job_id"])


def fleet_settings(
    factory: SettingsFactory, redis_url: str, tmp_path: Path, **more: object
) -> Settings:
    values: dict[str, object] = {
        "redis_url": redis_url, "engine": "fake", "fake_render": False, "lease_s": LEASE_S,
        "sweep_interval_s": 1, "drain_s": 1, "max_concurrency": 4,
        "fake_journal": tmp_path / "journal",
    }  # fmt: skip
    return factory(**{**values, **more})


def journal_lines(settings: Settings) -> int:
    assert settings.fake_journal is not None
    return (
        len(settings.fake_journal.read_text().splitlines()) if settings.fake_journal.exists() else 0
    )


def wait_until_stable(count: Callable[[], int], stable_s: float = 2.0) -> int:
    """The count once it has not changed for ``stable_s`` seconds."""
    last, since = count(), time.monotonic()

    def is_stable() -> bool:
        nonlocal last, since
        previous, last = last, count()
        if last != previous:
            since = time.monotonic()
        return time.monotonic() - since >= stable_s

    wait_until(is_stable)
    return last


def is_done(settings: Settings, job_id: str) -> bool:
    return has_ended(open_store(settings), job_id)


def test_pages_of_a_machine_that_lost_power_run_elsewhere_within_the_lease(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, machines: list[Machine]
) -> None:
    slow = fleet_settings(settings, redis_url, tmp_path, fake_latency_ms=600_000)
    quick = slow.model_copy(update={"fake_latency_ms": 0.0})
    lost = start(machines, slow, tmp_path)
    job_id = submit(slow, tmp_path / "a.pdf", 3)
    wait_until(lambda: journal_lines(slow) == 3)

    lost.process.kill()
    killed_at = time.monotonic()
    start(machines, quick, tmp_path)
    wait_until(lambda: is_done(quick, job_id), 60)

    # The lease, a round of the sweeper, and the start of a process on a busy machine.
    assert time.monotonic() - killed_at < LEASE_S + 25
    checked = check_job(open_store(quick), job_id)
    assert checked.counts["ok"] == 3
    assert set(checked.attempts.values()) == {1}, (
        "the death of a worker is not an attempt of the page"
    )


def test_pages_of_a_killed_process_are_reclaimed_by_its_supervisor_at_once(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, machines: list[Machine]
) -> None:
    config = fleet_settings(settings, redis_url, tmp_path, fake_latency_ms=600_000, lease_s=3600)
    start(machines, config, tmp_path)
    submit(config, tmp_path / "a.pdf", 2)
    wait_until(lambda: journal_lines(config) == 2)
    first = set(serving(config, "pages"))

    for pid in first:
        send_signal(pid, signal.SIGKILL)

    wait_until(lambda: journal_lines(config) == 4, 40)
    assert not first & set(serving(config, "pages"))


def test_a_worker_that_gets_sigterm_releases_its_pages_at_once(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, machines: list[Machine]
) -> None:
    slow = fleet_settings(settings, redis_url, tmp_path, fake_latency_ms=600_000, lease_s=120)
    machine = start(machines, slow, tmp_path)
    submit(slow, tmp_path / "a.pdf", 6)
    wait_until(lambda: journal_lines(slow) == 4)

    machine.process.send_signal(signal.SIGTERM)
    stopped_at = time.monotonic()
    machine.process.wait(30)

    assert time.monotonic() - stopped_at < slow.drain_s + 15
    with redis.Redis.from_url(redis_url) as client:
        assert client.zcard("pagefleet:leases:fake") == 0
        assert client.zcard("pagefleet:queued:pages.fake.normal") == 6
        assert client.llen("pagefleet:pages.fake.normal") == 6
        assert not client.keys("pagefleet:suspicion:*"), "a drain blames no page"


def test_pages_of_a_paused_worker_are_read_elsewhere_and_aborted_when_it_resumes(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, machines: list[Machine]
) -> None:
    slow = fleet_settings(settings, redis_url, tmp_path, fake_latency_ms=3000)
    start(machines, slow, tmp_path)
    job_id = submit(slow, tmp_path / "a.pdf", 4)
    wait_until(lambda: journal_lines(slow) == 4)
    (paused,) = serving(slow, "pages")
    send_signal(paused, signal.SIGSTOP)
    start(machines, slow, tmp_path)

    wait_until(lambda: is_done(slow, job_id), 60)
    send_signal(paused, signal.SIGCONT)

    dispatch_state = DispatchState(slow)
    wait_until(lambda: dispatch_state.pages.outstanding("fake") == 0, 20)
    assert check_job(open_store(slow), job_id).counts["ok"] == 4
    assert slow.fake_journal is not None
    assert count_repeated(slow.fake_journal) <= 4


def test_doctor_rebuilds_an_emptied_broker(
    settings: SettingsFactory, redis_url: str, tmp_path: Path, machines: list[Machine]
) -> None:
    config = fleet_settings(settings, redis_url, tmp_path, adopt_open_jobs=False)
    job_id = submit(config, tmp_path / "a.pdf", 5)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()

    repaired = in_process(config, "doctor", "--repair")
    start(machines, config, tmp_path)

    assert "1 open jobs taken from the store" in repaired.out
    wait_until(lambda: is_done(config, job_id), 40)
    assert check_job(open_store(config), job_id).counts["ok"] == 5


def test_an_outage_of_the_store_pauses_pages_and_costs_no_attempt(
    s3_settings: SettingsFactory,
    s3_server: S3Server,
    redis_url: str,
    tmp_path: Path,
    machines: list[Machine],
) -> None:
    proxy = StoreProxy(s3_server.endpoint, seed=1)
    config = fleet_settings(
        s3_settings, redis_url, tmp_path, fake_latency_ms=50, s3_endpoint_url=proxy.endpoint,
        max_attempts=1,
    )  # fmt: skip
    start(machines, config, tmp_path)
    job_id = submit(config, tmp_path / "a.pdf", 60)
    wait_until(lambda: journal_lines(config) > 5)

    proxy.down = True
    before = wait_until_stable(lambda: journal_lines(config))
    assert before < 60, "no page is read while its result can't be stored"
    proxy.down = False

    wait_until(lambda: is_done(config, job_id), 60)
    checked = check_job(open_store(config), job_id)
    assert checked.counts == {"ok": 60, "blank": 0, "failed": 0}
    assert config.fake_journal is not None
    assert count_repeated(config.fake_journal) == 0
    proxy.close()
