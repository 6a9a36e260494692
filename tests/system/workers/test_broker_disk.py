"""A broker whose disk is full takes nothing new, and forgets nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.domain.errors import BrokerFull
from shared.domain.records import Counts
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import wait_until
from tests.support.servers.durable_broker import DurableBroker
from tests.system.failures.small_disk import SmallDisk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    made = SmallDisk.mounted(tmp_path / "disk")
    if made is None:
        pytest.skip("this user may not mount a small file system")
    yield made
    made.remove()


@pytest.fixture
def broker(tmp_path: Path, disk: SmallDisk) -> Iterator[DurableBroker]:
    folder = tmp_path / "disk" / "broker"
    folder.mkdir()
    made = DurableBroker(folder)
    made.start()
    with redis.Redis.from_url(made.url) as client:
        # The usual way: with "always" it would end itself instead.
        client.config_set("appendfsync", "everysec")
    yield made
    made.kill()


def job(number: int) -> str:
    return f"{number:016x}-01234567"


def opened(dispatch_state: DispatchState, number: int) -> bool:
    """Whether the broker took the job."""
    try:
        dispatch_state.jobs.open(job(number), "fake", "normal", 0.0, 1, Counts(), (), [(1, 1)])
    except BrokerFull:
        return False
    return True


def test_jobs_wait_while_the_brokers_disk_is_full_and_none_is_lost(
    settings: SettingsFactory, broker: DurableBroker, disk: SmallDisk
) -> None:
    dispatch_state = DispatchState(settings(redis_url=broker.url))
    assert opened(dispatch_state, 0)
    disk.fill(0)
    taken = 1
    while opened(dispatch_state, taken):
        taken += 1
        assert taken < 2000

    disk.free()
    wait_until(lambda: opened(dispatch_state, taken), 20)
    broker.kill()
    broker.start()

    hot = set(dispatch_state.jobs.ids("fake", "normal"))
    dispatch_state.close()
    # The last ones before the disk was full may be lost with the process; the store has them.
    assert {job(0), job(taken)} <= hot
