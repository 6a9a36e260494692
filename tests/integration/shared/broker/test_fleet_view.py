"""The view of the fleet that ``pagefleet top`` and the metrics show."""

import json
import time

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.fleet_view import FleetView
from shared.broker.heartbeats import Role
from shared.domain.records import Counts
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


@pytest.mark.parametrize("expires_in_s", [-1, 3600])
def test_a_reducer_without_a_valid_heartbeat_is_not_live(
    settings: SettingsFactory, redis_url: str, expires_in_s: int
) -> None:
    made = settings(redis_url=redis_url)
    roles = DispatchState(made).roles
    dead = json.dumps({"expires": time.time() + expires_in_s, "facts": "{}"})
    with redis.Redis.from_url(redis_url) as client:
        client.hset("pagefleet:roles:reduce", "dead", dead)
    roles.beat(Role.SWEEP, "other", {})
    assert roles.live(Role.REDUCE) == []

    roles.beat(Role.REDUCE, "live", {"host": "a"})

    seen = FleetView(made).look().processes
    assert [(each.name, each.facts) for each in seen[Role.REDUCE]] == [("live", {"host": "a"})]
    assert [each.name for each in seen[Role.SWEEP]] == ["other"]
    with redis.Redis.from_url(redis_url) as client:
        assert client.hkeys("pagefleet:roles:reduce") == [b"live"]
    roles.leave(Role.REDUCE, "live")
    assert roles.live(Role.REDUCE) == []


def test_a_job_whose_pages_are_done_counts_as_unwritten_until_it_ends(
    settings: SettingsFactory, redis_url: str
) -> None:
    made, job_id = settings(redis_url=redis_url), f"{7:016x}-00000000"
    dispatch_state, view = DispatchState(made), FleetView(made)
    jobs, pages = dispatch_state.jobs, dispatch_state.pages
    jobs.open(job_id, "fake", "normal", 0.0, 1, Counts(), [], [(1, 1)])
    assert (view.look().unwritten_jobs, view.look().oldest_unwritten_s) == (0, None)

    pages.finish("fake", "normal", job_id, 1, "ok", "worker")
    assert view.look().unwritten_jobs == 1
    assert 0 <= (view.look().oldest_unwritten_s or 0) < 60

    jobs.redo(job_id, [1])
    assert view.look().unwritten_jobs == 0
    pages.finish("fake", "normal", job_id, 1, "ok", "worker")
    jobs.end(job_id)
    jobs.claim_reducer(job_id)  # by a sweeper that saw the job before it ended
    assert view.look().unwritten_jobs == 0
