"""Declared pools, pools that are forgotten, and jobs that change their pool."""

from collections.abc import Iterator

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.liveness.heartbeats import Role
from shared.broker.page_state import page_id
from shared.broker.pool_state import MAX_POOLS
from shared.broker.queues import page_queue
from shared.domain.pools import Pool, checked_pool
from shared.domain.records.job import Counts
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import wait_until

JOB = "0123456789abcdef-01234567"
OTHER = checked_pool("fake", "another")
PINNED = checked_pool("vllm", None, "v1")


@pytest.fixture
def state(settings: SettingsFactory, redis_url: str) -> Iterator[DispatchState]:
    made = DispatchState(settings(redis_url=redis_url, dispatch_window=8))
    yield made
    made.close()


def declared(state: DispatchState) -> list[Pool]:
    return [each.pool for each in state.pools.declared()]


def open_job(state: DispatchState, pool: str, job: str = JOB) -> str:
    return state.jobs.open(job, pool, "normal", 0.0, 20, Counts(), (), [(1, 20)])


def test_a_declaration_expires_and_a_shorter_one_does_not_end_it_earlier(
    state: DispatchState,
) -> None:
    state.pools.declare([PINNED], seconds=3600)
    state.pools.declare([PINNED], seconds=0.1)
    state.pools.declare([OTHER], seconds=0.1)

    # It was made last, so the shorter one of the other pool has expired too.
    wait_until(lambda: OTHER not in declared(state))

    assert declared(state) == [PINNED]
    assert state.pools.withdraw([PINNED.id]) == 1
    assert declared(state) == []


def test_a_pool_is_forgotten_once_nothing_needs_it(state: DispatchState) -> None:
    state.pools.declare([OTHER])
    open_job(state, PINNED.id)
    assert state.pools.prune() == []

    state.pools.withdraw([OTHER.id])
    state.jobs.forget(JOB)
    assert state.pools.prune() == [OTHER.id, PINNED.id]
    assert state.pools.ids() == []


def test_a_pool_with_a_live_worker_is_not_forgotten(state: DispatchState) -> None:
    state.workers.heartbeat(OTHER.id, "w1", 4, {})

    assert state.pools.prune() == []
    state.workers.leave(OTHER.id, "w1")
    assert state.pools.prune() == [OTHER.id]


def test_the_number_of_pools_is_limited(state: DispatchState) -> None:
    for number in range(MAX_POOLS):
        state.pools.declare([checked_pool("fake", f"model-{number}")])

    assert open_job(state, OTHER.id) == "full"
    assert open_job(state, checked_pool("fake", "model-7").id) == "opened"


def test_a_moved_job_takes_its_queued_pages_along_and_keeps_leased_ones(
    state: DispatchState,
) -> None:
    open_job(state, "fake")
    pages = state.pages.dispatch("fake", "normal")
    first = pages[0]
    state.pages.claim("fake", first.queue, JOB, first.page, first.seq, "w1", "a")

    moved = state.pages.move_job(JOB, OTHER.id)

    assert [each.page for each in moved] == [page.page for page in pages[1:]]
    assert {each.queue for each in moved} == {page_queue(OTHER.id, "normal")}
    assert state.pages.move_job(JOB, OTHER.id) == []
    assert state.pages.outstanding("fake") == 1
    assert state.jobs.ids("fake", "normal") == []
    assert state.jobs.ids(OTHER.id, "normal") == [JOB]
    (returned,) = state.pages.release("fake", "w1", [page_id(JOB, first.page)])
    assert returned.queue == page_queue(OTHER.id, "normal")
    assert state.pages.outstanding("fake") == 0
    assert state.pages.outstanding(OTHER.id) == 8


def test_a_late_message_of_a_moved_page_puts_it_into_its_queue_only_once(
    state: DispatchState,
) -> None:
    open_job(state, "fake")
    page = state.pages.dispatch("fake", "normal")[0]
    moved = state.pages.move_job(JOB, OTHER.id)[0]
    state.pages.claim(OTHER.id, moved.queue, JOB, 1, moved.seq, "w2", "b")

    late = state.pages.claim("fake", page.queue, JOB, 1, page.seq, "w1", "a")
    assert late.outcome == "claimed"
    assert state.pages.release("fake", "w1", [page_id(JOB, 1)]) == []
    assert state.pages.in_flight(OTHER.id, JOB) == [1]
    assert state.pages.outstanding("fake") == 0


FORGED_DECLARATIONS = (
    b"x", b"[]", b"{}", b"\xff", b"[" * 3000, b'{"expires": "a", "seconds": 1}',
    b'{"expires": 1e18, "seconds": 1}', b'{"expires": NaN, "seconds": NaN}',
    b'{"expires": 9e15, "seconds": 9e15, "engine": [], "model": 7}',
    b'{"expires": 9e15, "seconds": 9e15, "engine": "fake", "model": 7}',
)  # fmt: skip


@pytest.mark.parametrize("forged", FORGED_DECLARATIONS)
def test_a_forged_declaration_is_left_out_and_replaced(
    state: DispatchState, redis_url: str, forged: bytes
) -> None:
    state.pools.declare([PINNED])
    with redis.Redis.from_url(redis_url) as client:
        client.hset("pagefleet:pools", OTHER.id, forged)
        client.hset("pagefleet:workers:" + OTHER.id, "worker", forged)
        client.sadd("pagefleet:engines", OTHER.id)

    assert declared(state) == [PINNED]
    assert PINNED.id not in state.pools.prune()
    with redis.Redis.from_url(redis_url) as client:
        client.hset("pagefleet:pools", OTHER.id, forged)
    state.pools.declare([OTHER])
    assert declared(state) == [OTHER, PINNED]


@pytest.mark.parametrize("forged", FORGED_DECLARATIONS)
def test_a_forged_heartbeat_of_a_role_is_removed_by_the_next_real_one(
    state: DispatchState, redis_url: str, forged: bytes
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.hset("pagefleet:roles:reduce", "forged", forged)

        state.roles.beat(Role.REDUCE, "real", {"host": "a"})

        assert client.hkeys("pagefleet:roles:reduce") == [b"real"]
    assert [each.name for each in state.roles.live(Role.REDUCE)] == ["real"]


def test_members_that_are_no_ids_of_pools_are_removed(
    settings: SettingsFactory, redis_url: str
) -> None:
    state = DispatchState(settings(redis_url=redis_url))
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        client.sadd("pagefleet:engines", "fake", "\x1b[31mred", "x" * 100_000)

        state.pools.prune()

        assert client.smembers("pagefleet:engines") == {"fake"}
