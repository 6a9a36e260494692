"""A broker whose disk is full refuses new jobs and keeps the old ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.domain.errors import BrokerFull
from shared.domain.records.job import Counts
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import wait_until
from tests.support.servers.durable_broker import DurableBroker
from tests.system.failures.small_disk import SmallDisk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    small = SmallDisk.mounted(tmp_path / "disk")
    if small is None:
        pytest.skip("this user may not mount a small file system")
    yield small
    small.remove()


@pytest.fixture
def broker(tmp_path: Path, disk: SmallDisk) -> Iterator[DurableBroker]:
    folder = tmp_path / "disk" / "broker"
    folder.mkdir()
    server = DurableBroker(folder)
    server.start()
    with redis.Redis.from_url(server.url) as client:
        # The default; with "always" the broker would exit instead.
        client.config_set("appendfsync", "everysec")
    yield server
    server.kill()


def job(number: int) -> str:
    return f"{number:016x}-01234567"


def opened(dispatch_state: DispatchState, number: int) -> bool:
    """Whether the broker accepted the job."""
    try:
        dispatch_state.jobs.open(job(number), "fake", "normal", 0.0, 1, Counts(), (), [(1, 1)])
    except BrokerFull:
        return False
    return True


def test_jobs_are_refused_while_the_disk_of_the_broker_is_full_and_none_is_lost(
    settings: SettingsFactory, broker: DurableBroker, disk: SmallDisk
) -> None:
    dispatch_state = DispatchState(settings(redis_url=broker.url))
    assert opened(dispatch_state, 0)
    disk.fill(0)
    accepted = 1
    while opened(dispatch_state, accepted):
        accepted += 1
        assert accepted < 2000

    disk.free()
    wait_until(lambda: opened(dispatch_state, accepted), 20)
    broker.kill()
    broker.start()

    open_jobs = set(dispatch_state.jobs.ids("fake", "normal"))
    dispatch_state.close()
    # The last jobs before the disk was full may be lost with the process; the store has them.
    assert {job(0), job(accepted)} <= open_jobs
