"""Tenants share a lane by weight and are kept to their quotas, whatever happens to their pages."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from io import StringIO
from itertools import count
from typing import Any

import pytest
import redis
from rich.console import Console

from producer.connections import quota_note
from producer.top.facts import top_facts
from producer.top.screen import screen
from shared.broker.dispatch_state import DispatchState
from shared.broker.page_state import SLICE, Dispatch, page_id
from shared.broker.snapshots.fleet_snapshot import FleetReader
from shared.broker.snapshots.tenant_snapshot import TenantSnapshot
from shared.domain.lanes import Priority
from shared.domain.pools import checked_pool
from shared.domain.records.job import Counts
from tests.conftest import SettingsFactory
from workers.observability.fleet_collector import _samples

POOL = "fake"
WINDOW = 32
MakeFleet = Callable[..., "Fleet"]


class Fleet:
    """The dispatch state of a fleet whose worker reads the pages of its queues in order."""

    def __init__(self, state: DispatchState, client: "redis.Redis") -> None:
        self.state, self.client = state, client
        self.queue = deque[Dispatch]()
        self.done = Counter[str]()
        self._tenants: dict[str, str] = {}
        self._numbers = count(1)

    def submit(self, tenant: str, pages: int, lane: Priority = "normal") -> str:
        """Open a job and dispatch; returns the job, or "" where there is no room."""
        job = f"{next(self._numbers):016x}-00000000"
        answer = self.open(job, tenant, pages, lane)
        self.top_up(lane, force=True)
        return job if answer == "opened" else ""

    def open(self, job: str, tenant: str, pages: int, lane: Priority = "normal") -> str:
        self._tenants[job] = tenant
        labels = {"team": tenant} if tenant else {}
        return self.state.jobs.open(
            job, POOL, lane, 0.0, pages, Counts(), (), [(1, pages)], labels=labels
        )

    def top_up(self, lane: str = "normal", *, force: bool = False) -> list[Dispatch]:
        pages = self.state.pages.dispatch(POOL, lane, force=force)
        self.queue += pages
        return pages

    def claim(self, worker: str = "w1") -> Dispatch | None:
        """Claim the next page of the queue, if there is one."""
        if not self.queue:
            return None
        page = self.queue.popleft()
        names = page.queue, page.job_id, page.page, page.seq
        outcome = self.state.pages.claim(POOL, *names, worker, "a").outcome
        return page if outcome == "claimed" else None

    def finish(self, page: Dispatch, worker: str = "w1") -> None:
        lane = page.queue.rpartition(".")[2]
        answer = self.state.pages.finish(POOL, lane, page.job_id, page.page, "ok", worker)
        self.done[self._tenants[page.job_id]] += 1
        for low in answer.low:
            self.top_up(low)

    def read(self, pages: int) -> None:
        """Read so many pages, or all that there are."""
        for _ in range(pages):
            page = self.claim()
            if page is not None:
                self.finish(page)

    def load(self) -> dict[str, int]:
        """Outstanding pages of each tenant, as they are counted."""
        return {str(k): int(v) for k, v in self.client.hgetall(f"pagefleet:load:{POOL}").items()}

    def outstanding(self) -> dict[str, int]:
        """The same, counted page by page."""
        pages = self.client.zrange(f"pagefleet:outstanding:{POOL}", 0, -1)
        return dict(Counter(self._tenants[str(page).partition("/")[0]] for page in pages))


@pytest.fixture
def make(settings: SettingsFactory, redis_url: str) -> Iterator[MakeFleet]:
    states = []
    client = redis.Redis.from_url(redis_url, decode_responses=True)

    def fleet(**values: Any) -> Fleet:
        made = {"tenant_label": "team", "dispatch_window": WINDOW, **values}
        states.append(DispatchState(settings(redis_url=redis_url, **made)))
        states[-1].pools.declare([checked_pool(POOL)])
        return Fleet(states[-1], client)

    yield fleet
    for state in states:
        state.close()
    client.close()


def test_tenants_share_a_lane_by_weight_and_idle_shares_go_to_the_others(make: MakeFleet) -> None:
    fleet = make(tenant_weights="search=3")
    for _ in range(5):
        fleet.submit("search", 400)
    fleet.submit("research", 400)

    fleet.read(800)
    # A turn of each and the window that one tenant filled before the other came.
    assert abs(fleet.done["search"] - 3 * fleet.done["research"]) <= 3 * (WINDOW + SLICE)

    fleet.read(1_600)
    assert fleet.done == {"search": 2_000, "research": 400}
    assert fleet.load() == {}


def test_a_small_job_of_another_tenant_waits_for_a_window_and_one_turn(make: MakeFleet) -> None:
    fleet = make()
    for _ in range(50):
        fleet.submit("large", 1_000)
    small = fleet.submit("small", 4)

    started = 0
    while not any(page.job_id == small for page in fleet.queue):
        fleet.read(1)
        started += 1

    assert started <= WINDOW + SLICE


def test_jobs_of_a_tenant_take_turns(make: MakeFleet) -> None:
    fleet = make()
    jobs = [fleet.submit("one", 1_000) for _ in range(2)]
    fleet.submit("other team", 1_000)
    fleet.read(600)

    done = [fleet.state.jobs.progress(job) for job in jobs]
    assert all(each is not None for each in done)
    first, second = (each.done for each in done if each is not None)
    assert abs(first - second) <= WINDOW + SLICE
    assert first + second == fleet.done["one"] >= 300 - WINDOW


def test_a_turn_that_a_full_window_cuts_short_goes_on(make: MakeFleet) -> None:
    # A turn of "search" takes 80 pages, more than twice the window.
    fleet = make(tenant_weights="search=10,*=2")
    fleet.submit("search", 3_000)
    fleet.submit("research", 3_000)

    fleet.read(1_200)

    assert abs(fleet.done["search"] - 5 * fleet.done["research"]) <= 80 + 5 * 16 + WINDOW


def test_a_quota_holds_and_its_pages_follow_as_others_end(make: MakeFleet) -> None:
    fleet = make(tenant_quotas="research=12,*=1000")
    fleet.submit("research", 100)
    assert fleet.load() == {"research": 12} == fleet.outstanding()

    most = 0
    while fleet.queue:
        fleet.read(1)
        most = max(most, fleet.outstanding().get("research", 0))
    assert most == 12
    assert fleet.done["research"] == 100
    assert fleet.load() == {}
    assert fleet.client.keys("pagefleet:at_quota:*") == []


def test_a_quota_counts_all_lanes_and_lets_the_urgent_one_wait_for_a_page_of_another(
    make: MakeFleet,
) -> None:
    fleet = make(tenant_quotas="research=8")
    fleet.submit("research", 8, "low")
    fleet.submit("research", 8, "high")
    assert Counter(page.queue for page in fleet.queue) == {"pages.fake.low": 8}

    fleet.read(8)

    assert [page.queue for page in fleet.queue] == ["pages.fake.high"] * 8


def test_a_tenant_at_its_quota_leaves_the_window_to_others(make: MakeFleet) -> None:
    fleet = make(tenant_quotas="research=8")
    fleet.submit("research", 1_000)
    fleet.submit("search", 1_000)

    assert fleet.outstanding() == {"research": 8, "search": WINDOW - 8}


def test_the_count_of_a_quota_survives_dead_workers_duplicates_and_cancels(make: MakeFleet) -> None:
    fleet = make(tenant_quotas="*=16")
    jobs = [fleet.submit(tenant, 40) for tenant in ("a", "b", "a")]
    held = [fleet.claim("dead") for _ in range(6)]
    fleet.queue += fleet.state.pages.reclaim(POOL, "dead")
    assert fleet.load() == fleet.outstanding()

    for page in filter(None, held):  # the dead worker was only slow
        fleet.finish(page, "dead")
        fleet.finish(page, "dead")
    assert fleet.load() == fleet.outstanding()

    fleet.state.jobs.cancel(jobs[1])
    fleet.read(1_000)
    fleet.top_up(force=True)
    fleet.read(1_000)
    assert fleet.load() == fleet.outstanding() == {}
    assert fleet.done["a"] >= 80


def test_further_tenants_than_the_limit_share_the_turns_of_one(make: MakeFleet) -> None:
    fleet = make(max_tenants=2, tenant_weights="named=2")
    jobs = [fleet.submit(tenant, 100) for tenant in ("a", "b", "c", "d", "named", "")]
    tenants = [fleet.client.hget(f"pagefleet:job:{job}", "tenant") for job in jobs]
    fleet.read(200)

    assert tenants == ["a", "b", "other", "other", "named", ""]
    assert fleet.done["c"] + fleet.done["d"] <= fleet.done["a"] + SLICE


def test_the_place_of_a_tenant_without_work_is_free_again(make: MakeFleet) -> None:
    fleet = make(max_tenants=1)
    first = fleet.submit("a", 1)
    fleet.read(1)
    fleet.state.jobs.end(first)

    fleet.submit("b", 1)

    assert set(fleet.load()) == {"b"}


def test_a_lane_full_of_one_tenants_jobs_takes_those_of_another_up_to_its_share(
    make: MakeFleet,
) -> None:
    fleet = make(max_open_jobs=10)
    large = [fleet.submit("large", 5) for _ in range(12)]
    small = [fleet.submit("small", 5) for _ in range(8)]

    assert large.count("") == 2
    assert small.count("") == 3
    assert not fleet.state.jobs.has_room(POOL, "normal", {"team": "large"})
    assert fleet.state.jobs.has_room(POOL, "normal", {"team": "third"})


def test_a_job_that_an_earlier_release_gave_a_turn_gets_it_with_its_tenant(
    make: MakeFleet,
) -> None:
    fleet = make(tenant_quotas="*=8")
    job = fleet.submit("a", 100)
    waiting = fleet.client.zrange(f"pagefleet:turns:{POOL}:normal:a", 0, -1)
    assert waiting == [job]
    fleet.client.delete(f"pagefleet:turns:{POOL}:normal:a", f"pagefleet:tenants:{POOL}:normal")
    fleet.client.zadd(f"pagefleet:turns:{POOL}:normal", {job: 1})

    fleet.read(1_000)
    fleet.top_up(force=True)
    fleet.read(1_000)

    assert fleet.done["a"] == 100


def test_counts_that_an_earlier_release_left_wrong_are_corrected(make: MakeFleet) -> None:
    fleet = make(tenant_quotas="*=8")
    fleet.submit("a", 100)
    for page in list(fleet.queue):  # as an earlier release ends it
        fleet.client.zrem(f"pagefleet:outstanding:{POOL}", page_id(page.job_id, page.page))
        fleet.client.zrem(f"pagefleet:queued:{page.queue}", page_id(page.job_id, page.page))
    fleet.queue.clear()
    assert fleet.top_up(force=True) == []

    assert fleet.state.pages.count_tenants(POOL)
    assert not fleet.state.pages.count_tenants(POOL)

    assert len(fleet.top_up(force=True)) == 8


def test_jobs_of_tenants_end_when_the_setting_is_removed(make: MakeFleet) -> None:
    fleet = make(tenant_quotas="*=8")
    fleet.submit("a", 100)
    fleet.submit("b", 100)
    fleet.state = make(tenant_label="").state
    fleet.submit("", 100)

    fleet.read(1_000)

    assert fleet.done == {"a": 100, "b": 100, "": 100}
    assert fleet.load() == {}


def test_jobs_that_were_opened_before_the_setting_count_from_then_on(make: MakeFleet) -> None:
    fleet = make(tenant_label="")
    fleet.submit("", 100)
    fleet.state = make(tenant_quotas="*=16").state
    fleet.submit("a", 100)
    fleet.read(60)
    fleet.state.pages.count_tenants(POOL)

    assert fleet.load() == fleet.outstanding()
    fleet.read(1_000)
    assert fleet.done == {"": 100, "a": 100}
    assert fleet.load() == {}


def test_the_tenants_are_shown_where_they_wait_and_why(make: MakeFleet) -> None:
    fleet = make(tenant_quotas="research=8", max_tenants=5)
    hostile = "\x1b[2J" + "x" * 90
    fleet.submit("research", 100)
    fleet.submit("research", 100, "low")
    fleet.submit(hostile, 100)
    fleet.submit("", 1, "high")
    reader = FleetReader(fleet.state._settings)

    snapshot = reader.snapshot()

    (pool,) = snapshot.pools
    # The window of the lane "normal" is full.
    shown = hostile[:64]
    assert pool.tenants == (
        TenantSnapshot(shown, WINDOW - 8, 1, 1, at_quota=False),
        TenantSnapshot("research", 8, 2, 2, at_quota=True),
        TenantSnapshot("", 1, 1, 0, at_quota=False),
    )
    assert pool.backlog_jobs == {"high": 0, "normal": 2, "low": 1}
    text = Console(width=120, height=60, record=True, file=StringIO())
    text.print(screen(top_facts(snapshot), 120, 60))
    lines = [line.split() for line in text.export_text().splitlines()]
    assert ["research", "fake", "8", "reached", "2", "2"] in lines
    assert ["(none)", "fake", "1", "1", "0"] in lines
    assert "\x1b" not in text.export_text()
    samples = {
        (name, labels[2:]): value
        for name, labels, value in _samples(snapshot)
        if name.startswith("tenant_")
    }
    assert samples["tenant_outstanding", ("research",)] == 8
    assert samples["tenant_at_quota", ("research",)] == 1
    assert samples["tenant_backlog_jobs", (shown,)] == 1
    note = quota_note(fleet.state, checked_pool(POOL), "research")
    assert note is not None
    assert "'research' has its quota of outstanding pages in pool fake (8)" in note
    assert quota_note(fleet.state, checked_pool(POOL), shown) is None


def test_a_fleet_without_tenants_shows_none(make: MakeFleet) -> None:
    fleet = make(tenant_label="")
    fleet.submit("", 100)
    snapshot = FleetReader(fleet.state._settings).snapshot()

    assert [pool.tenants for pool in snapshot.pools] == [()]
    assert not [name for name, _, _ in _samples(snapshot) if name.startswith("tenant_")]
    text = Console(width=120, height=60, record=True, file=StringIO())
    text.print(screen(top_facts(snapshot), 120, 60))
    assert "TENANTS" not in text.export_text()


def test_a_forged_record_of_a_quota_stops_no_dispatch(make: MakeFleet) -> None:
    fleet = make(tenant_quotas="*=8")
    for name, text in {"a": "no number|normal", "b": "5", "c": "5|,,high,nothing", "": "|"}.items():
        fleet.client.hset(f"pagefleet:at_quota:{POOL}", name, text)

    fleet.submit("a", 20)
    fleet.read(20)

    assert fleet.done == {"a": 20}
