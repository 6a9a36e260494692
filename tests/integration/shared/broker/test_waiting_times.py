"""How long pages and jobs waited, as the broker's clock says."""

import time
from collections.abc import Iterator

import pytest

from shared.broker.dispatch_state import DispatchState
from shared.broker.page_state import Claim, Dispatch
from shared.domain.records.job import Counts
from tests.conftest import SettingsFactory

ENGINE = "fake"
JOB = "0123456789abcdef-01234567"
PAUSE_S = 0.3


@pytest.fixture
def dispatch_state(settings: SettingsFactory, redis_url: str) -> Iterator[DispatchState]:
    made = DispatchState(settings(redis_url=redis_url))
    yield made
    made.close()


def open_job(dispatch_state: DispatchState, created: float) -> None:
    dispatch_state.jobs.open(JOB, ENGINE, "high", created, 1, Counts(), (), [(1, 1)])


def claim(dispatch_state: DispatchState, page: Dispatch) -> Claim:
    return dispatch_state.pages.claim(
        ENGINE, page.queue, page.job_id, page.page, page.seq, "w1", "token"
    )


def test_a_claim_tells_how_long_the_page_has_waited(dispatch_state: DispatchState) -> None:
    open_job(dispatch_state, time.time())
    (page,) = dispatch_state.pages.dispatch(ENGINE, "high")
    time.sleep(PAUSE_S)

    first = claim(dispatch_state, page)

    assert first.is_first
    assert PAUSE_S <= first.waited_s < PAUSE_S + 5


def test_only_the_first_attempt_at_a_page_counts_as_waiting(
    dispatch_state: DispatchState,
) -> None:
    open_job(dispatch_state, time.time())
    (page,) = dispatch_state.pages.dispatch(ENGINE, "high")
    claim(dispatch_state, page)

    (again,) = dispatch_state.pages.release(ENGINE, "w1", [f"{JOB}/p000001"], "attempt")

    assert not claim(dispatch_state, again).is_first


def test_a_job_that_ends_tells_once_how_long_it_took(dispatch_state: DispatchState) -> None:
    open_job(dispatch_state, time.time() - 60)

    closed = dispatch_state.jobs.end(JOB)

    assert closed is not None
    assert (closed.pool, closed.priority) == (ENGINE, "high")
    assert 60 <= closed.seconds < 65
    assert dispatch_state.jobs.end(JOB) is None


def test_a_reopened_job_counts_from_its_reopening(dispatch_state: DispatchState) -> None:
    open_job(dispatch_state, time.time() - 60)
    dispatch_state.jobs.end(JOB)
    dispatch_state.jobs.reopen(JOB)
    dispatch_state.jobs.open(
        JOB, ENGINE, "high", time.time() - 60, 1, Counts(), (), [(1, 1)], verify=True
    )

    closed = dispatch_state.jobs.end(JOB)

    assert closed is not None
    assert closed.seconds < 5


def test_a_submitter_whose_clock_is_ahead_makes_no_negative_time(
    dispatch_state: DispatchState,
) -> None:
    open_job(dispatch_state, time.time() + 3600)

    closed = dispatch_state.jobs.end(JOB)

    assert closed is not None
    assert 0 <= closed.seconds < 5
