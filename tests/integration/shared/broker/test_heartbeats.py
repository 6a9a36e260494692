"""Heartbeats of pages processes: the dispatch window follows them, and many cost little."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from tests.conftest import SettingsFactory

POOL = "fake"
#: Commands of one heartbeat, and those of the one in some seconds that reads all others.
MOST_COMMANDS, SUM_COMMANDS = 9, 4


@pytest.fixture
def dispatch_state(settings: SettingsFactory, redis_url: str) -> Iterator[DispatchState]:
    made = DispatchState(settings(redis_url=redis_url))
    yield made
    made.close()


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as made:
        yield made


def window(client: "redis.Redis") -> int:
    return int(client.get(f"pagefleet:depth:{POOL}") or 0)


def beat(state: DispatchState, worker: int, capacity: int = 4) -> None:
    state.workers.heartbeat(POOL, f"w{worker:03}", capacity, {})


def let_the_sum_be_old(client: "redis.Redis") -> None:
    client.set(f"pagefleet:summed:{POOL}", 0)


def calls(client: "redis.Redis") -> dict[str, int]:
    stats: dict[str, Any] = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}


def test_the_window_follows_workers_that_come_change_and_die(
    dispatch_state: DispatchState, client: "redis.Redis"
) -> None:
    for worker in range(3):
        beat(dispatch_state, worker)
    assert window(client) == 2 * 12

    beat(dispatch_state, 0, capacity=10)
    assert window(client) == 2 * 18

    dead = json.dumps({"capacity": 4, "expires": 1.0, "facts": "{}"})
    client.hset(f"pagefleet:workers:{POOL}", "w001", dead)
    let_the_sum_be_old(client)
    beat(dispatch_state, 2)
    assert window(client) == 2 * 14
    assert client.hlen(f"pagefleet:workers:{POOL}") == 2


def test_a_clock_that_was_set_back_does_not_stop_the_sum(
    dispatch_state: DispatchState, client: "redis.Redis"
) -> None:
    beat(dispatch_state, 0)
    client.hdel(f"pagefleet:workers:{POOL}", "w000")
    client.set(f"pagefleet:summed:{POOL}", dispatch_state.now() + 3600)

    beat(dispatch_state, 1)

    assert window(client) == 2 * 4


def test_the_cost_of_a_heartbeat_does_not_depend_on_the_number_of_workers(
    dispatch_state: DispatchState, client: "redis.Redis"
) -> None:
    for worker in range(100):
        beat(dispatch_state, worker)
    before = calls(client)

    for worker in range(100):
        beat(dispatch_state, worker)

    used = {name: count - before.get(name, 0) for name, count in calls(client).items()}
    # Two, where the machine is so slow that some seconds pass.
    assert used.get("hgetall", 0) <= 2
    assert sum(used.values()) <= 100 * MOST_COMMANDS + 2 * SUM_COMMANDS
