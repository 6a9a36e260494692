"""The view of the fleet that ``pagefleet top`` and the metrics show."""

import json
import time

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.fleet_view import FleetView
from tests.conftest import SettingsFactory


@pytest.mark.parametrize("expires_in_s", [-1, 3600])
def test_a_worker_without_a_valid_heartbeat_is_not_live(
    settings: SettingsFactory, redis_url: str, expires_in_s: int
) -> None:
    """An expiry an hour ahead was written before the broker's clock was set back."""
    made = settings(redis_url=redis_url)
    dispatch_state = DispatchState(made)
    dispatch_state.workers.heartbeat("fake", "live", 4, {})
    dead = json.dumps({"capacity": 9, "expires": time.time() + expires_in_s, "facts": "{}"})
    with redis.Redis.from_url(redis_url) as client:
        client.hset("pagefleet:workers:fake", "dead", dead)

    (pool,) = FleetView(made).look().pools

    assert [worker.name for worker in pool.workers] == ["live"]
    assert [worker.name for worker in dispatch_state.workers.live("fake")] == ["live"]
