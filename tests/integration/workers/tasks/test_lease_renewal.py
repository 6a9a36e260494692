"""Between two renewals a worker learns of cancelled jobs and of a broker that lost its data."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.page_state import Dispatch, page_id
from shared.domain.errors import BrokerUnreachable
from shared.domain.pools import checked_pool
from shared.domain.records.job import Counts
from tests.conftest import SettingsFactory
from workers.inflight.cancellation import Aborted
from workers.inflight.inflight_pages import InflightPage, InflightPages
from workers.tasks.lease_renewal import LeaseRenewal

POOL = checked_pool("fake")
JOBS = ("0123456789abcdef-01234567", "0123456789abcdef-89abcdef")
PAGES = 4


class Holder:
    """A worker that holds all pages of two jobs."""

    def __init__(self, state: DispatchState, dispatcher: Dispatcher, stack: ExitStack) -> None:
        self.state = state
        self._inflight = InflightPages()
        self.renewal = LeaseRenewal(state, dispatcher, self._inflight, POOL, "w1")
        for job in JOBS:
            state.jobs.open(job, POOL.id, "normal", 0.0, PAGES, Counts(), (), [(1, PAGES)])
        dispatched = state.pages.dispatch(POOL.id, "normal", force=True)
        self.pages = [self._claim(page, stack) for page in dispatched]

    def _claim(self, page: Dispatch, stack: ExitStack) -> InflightPage:
        inflight = stack.enter_context(self._inflight.begin(page_id(page.job_id, page.page)))
        names = page.queue, page.job_id, page.page, page.seq
        inflight.claimed = self.state.pages.claim(POOL.id, *names, "w1", "a").outcome == "claimed"
        return inflight

    def aborted(self) -> set[str]:
        """The jobs whose pages are aborted."""
        return {page.page_id.partition("/")[0] for page in self.pages if _is_aborted(page)}


def _is_aborted(page: InflightPage) -> bool:
    try:
        page.check()
    except Aborted:
        return True
    return False


@pytest.fixture
def holder(settings: SettingsFactory, redis_url: str) -> Iterator[Holder]:
    made = settings(redis_url=redis_url)
    state = DispatchState(made)
    with ExitStack() as stack:
        yield Holder(state, Dispatcher(made, state), stack)
    state.close()


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as made:
        yield made


def commands(client: "redis.Redis", step: Callable[[], object]) -> int:
    """Commands that the broker runs for ``step``."""

    def count() -> int:
        stats: dict[str, Any] = client.info("commandstats")
        return sum(each["calls"] for name, each in stats.items() if name != "cmdstat_info")

    before = count()
    step()
    return count() - before


def test_a_look_between_two_renewals_does_not_ask_for_each_page(
    holder: Holder, client: "redis.Redis"
) -> None:
    whole = commands(client, holder.renewal.keep)
    holder.renewal.keep()  # the broker now has the script
    look = commands(client, holder.renewal.keep)

    assert whole > 2 * PAGES * len(JOBS)
    # The script itself, one page, and each job.
    assert look <= 2 + len(JOBS)


def test_pages_of_a_cancelled_job_are_aborted_between_two_renewals(holder: Holder) -> None:
    holder.renewal.keep()
    holder.state.jobs.cancel(JOBS[0])

    holder.renewal.keep()

    assert holder.aborted() == {JOBS[0]}


def test_an_emptied_broker_gets_all_leases_back_at_the_next_look(
    holder: Holder, client: "redis.Redis"
) -> None:
    holder.renewal.keep()
    leases = set(client.zrange("pagefleet:leases:fake", 0, -1))
    client.flushall()

    holder.renewal.keep()

    assert set(client.zrange("pagefleet:leases:fake", 0, -1)) == leases
    assert len(leases) == PAGES * len(JOBS)


def test_after_a_look_without_an_answer_the_leases_are_renewed(
    holder: Holder, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.renewal.keep()
    with monkeypatch.context() as away:
        away.setattr(holder.state.pages, "check_held", _raise)
        with pytest.raises(BrokerUnreachable):
            holder.renewal.keep()

    assert commands(client, holder.renewal.keep) > 2 * PAGES * len(JOBS)


def _raise(*_: object) -> None:
    raise BrokerUnreachable("away")
