"""A real broker whose clock is set while pages are in flight."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.key_leases import KeyLeases
from shared.broker.page_state import Dispatch, page_id
from shared.config.settings import Settings
from shared.domain.records.job import Counts
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import wait_until
from tests.support.servers.durable_broker import DurableBroker
from tests.system.failures.clocks import HOUR_S, Clock, clocks

ENGINE = "fake"
JOB = "0123456789abcdef-01234567"


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    made = clocks(tmp_path, ["broker"])
    if not made:
        pytest.skip("a clock that can be set needs a C compiler")
    return made["broker"]


@pytest.fixture
def made(settings: SettingsFactory, tmp_path: Path, clock: Clock) -> Iterator[Settings]:
    (tmp_path / "broker").mkdir()
    broker = DurableBroker(tmp_path / "broker", environment=clock.environment)
    broker.start()
    yield settings(redis_url=broker.url)
    broker.kill()


@pytest.fixture
def dispatch_state(made: Settings) -> Iterator[DispatchState]:
    dispatch_state = DispatchState(made)
    dispatch_state.jobs.open(JOB, ENGINE, "normal", 0.0, 1, Counts(), (), [(1, 1)])
    yield dispatch_state
    dispatch_state.close()


def set_clock(made: Settings, clock: Clock, off_s: int) -> None:
    """Set the clock and wait until the broker uses it, which takes a moment."""
    clock.set(off_s)
    with redis.Redis.from_url(made.broker_url()) as client:
        wait_until(lambda: abs(client.time()[0] - time.time() - off_s) < 3, 10)


def claim(dispatch_state: DispatchState, page: Dispatch, worker: str) -> str:
    return dispatch_state.pages.claim(ENGINE, page.queue, JOB, 1, page.seq, worker, "a").outcome


@pytest.mark.parametrize("steps_h", [(1, 2, 3), (-1, -2, -3), (5, -5, 0)])
def test_no_jump_of_the_brokers_clock_ends_a_lease_that_is_renewed(
    made: Settings, dispatch_state: DispatchState, clock: Clock, steps_h: tuple[int, ...]
) -> None:
    (page,) = dispatch_state.pages.dispatch(ENGINE, "normal")
    claim(dispatch_state, page, "w1")

    for hours in steps_h:
        set_clock(made, clock, hours * HOUR_S)
        assert dispatch_state.pages.reclaim_expired(ENGINE, 0) == []
        assert claim(dispatch_state, page, "w2") == "held"
        assert dispatch_state.pages.renew(ENGINE, "w1", [page_id(JOB, 1)]).taken == []


@pytest.mark.parametrize("hours", [1, -1])
def test_a_lease_that_is_not_renewed_expires_although_the_brokers_clock_was_set(
    made: Settings, dispatch_state: DispatchState, clock: Clock, hours: int
) -> None:
    (page,) = dispatch_state.pages.dispatch(ENGINE, "normal")
    claim(dispatch_state, page, "w1")
    set_clock(made, clock, hours * HOUR_S)
    dispatch_state.pages.reclaim_expired(ENGINE, 0)

    reclaimed: list[Dispatch] = []
    for look in range(1, 4):
        # A little more than half a lease each time, the most by which a call advances lease time.
        set_clock(made, clock, hours * HOUR_S + round(look * 0.6 * dispatch_state.pages.lease_s))
        reclaimed += dispatch_state.pages.reclaim_expired(ENGINE, 0)

    assert [again.page for again in reclaimed] == [1]


def test_the_lock_of_a_dead_sweeper_expires_in_time_although_the_clock_was_set_back(
    made: Settings, dispatch_state: DispatchState, clock: Clock
) -> None:
    assert dispatch_state.sweeper.try_lock("sweeper", "dead", 6)
    set_clock(made, clock, -HOUR_S)

    assert not dispatch_state.sweeper.try_lock("sweeper", "alive", 6)

    with redis.Redis.from_url(made.broker_url()) as client:
        assert 0 < client.ttl("pagefleet:lock:sweeper") <= 6


def test_the_key_lease_of_a_dead_watcher_expires_in_time_although_the_clock_was_set_back(
    made: Settings, clock: Clock
) -> None:
    dead, alive = KeyLeases(made, "dead", 30), KeyLeases(made, "alive", 30)
    assert dead.take("folder")
    set_clock(made, clock, -HOUR_S)

    assert not alive.take("folder")

    with redis.Redis.from_url(made.broker_url()) as client:
        assert 0 < client.ttl("pagefleet:hold:folder") <= 30
