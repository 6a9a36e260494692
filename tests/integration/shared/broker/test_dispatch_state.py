"""Each operation of the dispatch state against a real broker."""

from collections.abc import Iterator

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.page_state import Dispatch, page_id
from shared.broker.queues import UrgentFirst, page_queue
from shared.domain.errors import BrokerFull
from shared.domain.lanes import Lane, Priority
from shared.domain.pools import checked_pool
from shared.domain.records.job import Counts
from tests.conftest import SettingsFactory

ENGINE = "fake"
QUEUE = "pages.fake.normal"
JOB = "0123456789abcdef-01234567"


@pytest.fixture
def dispatch_state(settings: SettingsFactory, redis_url: str) -> Iterator[DispatchState]:
    made = DispatchState(settings(redis_url=redis_url, dispatch_window=8))
    made.pools.declare([checked_pool(ENGINE)])
    yield made
    made.close()


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as made:
        yield made


def open_job(
    dispatch_state: DispatchState, pages: int, job: str = JOB, priority: Priority = "normal"
) -> None:
    answer = dispatch_state.jobs.open(job, ENGINE, priority, 0.0, pages, Counts(), (), [(1, pages)])
    assert answer == "opened"


def take(
    dispatch_state: DispatchState, page: Dispatch, worker: str = "w1", token: str = "a"
) -> str:
    claim = dispatch_state.pages.claim(
        ENGINE, page.queue, page.job_id, page.page, page.seq, worker, token
    )
    return claim.outcome


def finish(
    dispatch_state: DispatchState, page: int, worker: str = "w1", failed: bool = False
) -> bool:
    status = "failed" if failed else "ok"
    return dispatch_state.pages.finish(ENGINE, "normal", JOB, page, status, worker).reduce  # type: ignore[arg-type]


def done(dispatch_state: DispatchState) -> int:
    job = dispatch_state.jobs.progress(JOB)
    assert job is not None
    return job.done


def test_a_claim_whose_answer_was_lost_can_be_repeated_and_a_duplicate_message_is_refused(
    dispatch_state: DispatchState,
) -> None:
    open_job(dispatch_state, 1)
    (page,) = dispatch_state.pages.dispatch(ENGINE, "normal")

    assert take(dispatch_state, page, token="a") == "claimed"
    assert take(dispatch_state, page, token="a") == "claimed"
    assert take(dispatch_state, page, token="b") == "held"
    assert take(dispatch_state, page, worker="w2") == "held"


def test_every_call_that_finishes_the_last_page_asks_for_the_reducer(
    dispatch_state: DispatchState,
) -> None:
    open_job(dispatch_state, 2)
    for page in dispatch_state.pages.dispatch(ENGINE, "normal"):
        take(dispatch_state, page)

    assert finish(dispatch_state, 1) is False
    assert finish(dispatch_state, 2) is True
    assert finish(dispatch_state, 2) is True
    assert done(dispatch_state) == 2


def test_a_failure_by_a_worker_that_lost_its_lease_does_not_finish_the_page(
    dispatch_state: DispatchState,
) -> None:
    open_job(dispatch_state, 1)
    (page,) = dispatch_state.pages.dispatch(ENGINE, "normal")
    take(dispatch_state, page, "w1")
    (again,) = dispatch_state.pages.reclaim(ENGINE, "w1")
    take(dispatch_state, again, "w2")

    finish(dispatch_state, 1, "w1", failed=True)

    assert done(dispatch_state) == 0
    assert dispatch_state.pages.renew(ENGINE, "w2", [page_id(JOB, 1)]).taken == []
    finish(dispatch_state, 1, "w1")
    assert done(dispatch_state) == 1
    assert dispatch_state.pages.renew(ENGINE, "w2", [page_id(JOB, 1)]).taken == [page_id(JOB, 1)]


def test_a_queued_page_that_gets_its_result_leaves_the_queue(
    dispatch_state: DispatchState,
) -> None:
    open_job(dispatch_state, 1)
    (page,) = dispatch_state.pages.dispatch(ENGINE, "normal")
    take(dispatch_state, page, "w1")
    (again,) = dispatch_state.pages.reclaim(ENGINE, "w1")

    finish(dispatch_state, 1, "w1")

    assert dispatch_state.pages.queued(QUEUE) == []
    assert dispatch_state.pages.outstanding(ENGINE) == 0
    assert take(dispatch_state, again, "w2") == "done"


def test_reclaiming_a_workers_pages_leaves_pages_that_another_worker_has(
    dispatch_state: DispatchState,
) -> None:
    open_job(dispatch_state, 1)
    (page,) = dispatch_state.pages.dispatch(ENGINE, "normal")
    dispatch_state.pages.register_waiting("w1", page_id(JOB, 1))
    take(dispatch_state, page, "w2")

    assert dispatch_state.pages.reclaim(ENGINE, "w1") == []
    assert dispatch_state.pages.in_flight(ENGINE, JOB) == [1]


def test_forged_leases_are_not_in_flight(
    dispatch_state: DispatchState, client: "redis.Redis"
) -> None:
    open_job(dispatch_state, 1)
    (page,) = dispatch_state.pages.dispatch(ENGINE, "normal")
    take(dispatch_state, page)
    for forged in ("", "x", f"{JOB}/p", f"{JOB}/px", f"{JOB}/p-00001", f"{JOB}/p" + "9" * 5000):
        client.hset(f"pagefleet:holders:{ENGINE}", forged, "w1|1")

    assert dispatch_state.pages.in_flight(ENGINE, JOB) == [1]


def test_workers_renewals_restore_the_leases_of_an_emptied_broker(
    dispatch_state: DispatchState, client: "redis.Redis"
) -> None:
    open_job(dispatch_state, 3)
    pages = dispatch_state.pages.dispatch(ENGINE, "normal")
    take(dispatch_state, pages[0])
    client.flushall()

    renewed = dispatch_state.pages.renew(ENGINE, "w1", [page_id(JOB, 1)])

    assert renewed.retaken == [page_id(JOB, 1)]
    open_job(dispatch_state, 3)
    assert [page.page for page in dispatch_state.pages.dispatch(ENGINE, "normal")] == [2, 3]


def test_a_message_from_before_a_broker_loss_makes_no_queued_page_overdue(
    dispatch_state: DispatchState, client: "redis.Redis"
) -> None:
    client.flushall()
    open_job(dispatch_state, 8)
    dispatch_state.pages.dispatch(ENGINE, "normal")
    old = Dispatch(JOB, 1, 5000, QUEUE)

    take(dispatch_state, old)

    assert dispatch_state.pages.overdue(QUEUE, 0) == []


def test_a_page_whose_worker_died_twice_runs_alone_and_is_dead_lettered_in_the_end(
    dispatch_state: DispatchState,
) -> None:
    open_job(dispatch_state, 1)
    (page,) = dispatch_state.pages.dispatch(ENGINE, "normal")
    lanes = []
    while take(dispatch_state, page) == "claimed":
        lanes.append(page.queue.rsplit(".", 1)[1])
        (page,) = dispatch_state.pages.reclaim(ENGINE, "w1")

    assert lanes == ["normal", "normal", "quarantine", "quarantine", "quarantine"]
    assert take(dispatch_state, page, token="other") == "held"


def test_a_producer_that_was_paused_does_not_reopen_an_ended_job(
    dispatch_state: DispatchState,
) -> None:
    open_job(dispatch_state, 1)
    dispatch_state.jobs.end(JOB)

    again = dispatch_state.jobs.open(JOB, ENGINE, "normal", 0.0, 1, Counts(), (), [(1, 1)])

    assert again == "already"
    wanted = dispatch_state.jobs.open(
        JOB, ENGINE, "normal", 0.0, 1, Counts(), (), [(1, 1)], verify=True
    )
    assert wanted == "opened"


def test_a_broker_without_memory_refuses_new_work_and_finishes_pages_in_flight(
    dispatch_state: DispatchState, client: "redis.Redis"
) -> None:
    open_job(dispatch_state, 8)
    pages = dispatch_state.pages.dispatch(ENGINE, "normal")
    take(dispatch_state, pages[0])
    client.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(BrokerFull, match="full"):
            open_job(dispatch_state, 3, "0123456789abcdef-89abcdef")
        with pytest.raises(BrokerFull):
            Dispatcher(dispatch_state._settings, dispatch_state).publish(pages[1:2])
        assert take(dispatch_state, pages[1]) == "claimed"
        assert dispatch_state.pages.renew(ENGINE, "w1", [page_id(JOB, 1)]).retaken == []
        finish(dispatch_state, 1)
        assert len(dispatch_state.pages.release(ENGINE, "w1", [page_id(JOB, 2)])) == 1
        dispatch_state.workers.heartbeat(ENGINE, "w1", 4, {})
    finally:
        client.config_set("maxmemory", "0")
    assert done(dispatch_state) == 1


def test_a_small_job_starts_soon_although_a_large_one_was_opened_first(
    dispatch_state: DispatchState,
) -> None:
    large, small = "1" * 16 + "-00000000", "2" * 16 + "-00000000"
    open_job(dispatch_state, 5000, large)
    waiting = dispatch_state.pages.dispatch(ENGINE, "normal", force=True)
    open_job(dispatch_state, 1, small)
    started = 0
    while waiting[0].job_id != small:
        take(dispatch_state, waiting.pop(0))
        started += 1
        waiting += dispatch_state.pages.dispatch(ENGINE, "normal")

    assert started <= 16


def test_urgent_queues_are_polled_first_and_lower_ones_get_a_reserved_share() -> None:
    queues = [page_queue(ENGINE, lane) for lane in Lane]
    order = UrgentFirst(queues)

    firsts = [order.consume(len(queues))[0] for _ in range(120)]

    assert firsts.count(queues[0]) == 110
    assert {firsts.count(queue) for queue in queues[1:]} <= {3, 4}


def test_memory_depends_on_the_dispatch_window_and_not_on_the_backlog(
    settings: SettingsFactory, redis_url: str, client: "redis.Redis"
) -> None:
    made = settings(redis_url=redis_url, dispatch_window=1000)
    dispatch_state = DispatchState(made)
    dispatcher = Dispatcher(made, dispatch_state)
    # The broker keeps every script and buffer that was used once.
    open_job(dispatch_state, 1000, priority="low")
    dispatcher.top_up(ENGINE, "low", force=True)

    def used() -> int:
        # The buffers of connections shrink and grow with the speed of the test.
        memory = client.info("memory")
        return int(memory["used_memory"]) - int(memory["mem_clients_normal"])

    before = used()
    for number in range(200):
        open_job(dispatch_state, 5000, f"{number:032x}-{number:016x}")
    opened = used()
    for _ in range(50):
        dispatcher.top_up(ENGINE, "normal", force=True)

    assert (opened - before) / 200 < 2500, "bytes of a waiting job, however many pages it has"
    assert dispatch_state.pages.queue_length(QUEUE) == 1000
    assert (used() - opened) / 1000 < 750, "bytes of a queued page with its message"
