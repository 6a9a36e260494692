"""In every order of steps and faults, each page is in one place and is finished once.

The scripts, the broker, the store and the tasks are real; only reading a page is simulated.
Processes pause before each call and may die there (see tests/support/fleets/stepping.py).
"""

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from shared.broker.page_state import page_id
from shared.broker.queues import page_queues
from shared.domain.lanes import Lane
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.moments import ALL
from tests.support.fleets.stepped_fleet import (
    DOCUMENTS,
    ENGINE,
    OTHER,
    TENANT_LABEL,
    SteppedFleet,
    private_folder,
)
from tests.support.fleets.stepping import Actor
from tests.support.servers.processes import RedisServer
from workers.maintenance.repairs import SweepTimings

PLACES = st.integers(0, 30)
WORKERS = st.integers(0, 2)
POOLS = (ENGINE.pool.id, OTHER.pool.id)


@pytest.fixture
def silent() -> Iterator[None]:
    """Log nothing of the many runs."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class AnyOrder(RuleBasedStateMachine):
    """Each rule is a step of one process or a fault."""

    url = ""
    #: Settings of the fleet.
    values: ClassVar[dict[str, object]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.wiped = False
        self._folder = private_folder()
        timings = SweepTimings(lost_after_s=0.0, stalled_after_s=0.0, dead_purge_s=0.0)
        self.fleet = SteppedFleet(self.url, Path(self._folder.name), timings, **self.values)
        self.fleet.client.flushall()

    def teardown(self) -> None:
        try:
            self.fleet.settle()
            self._check_end()
        finally:
            self._folder.cleanup()

    @initialize(document=st.integers(1, len(DOCUMENTS) - 1), reads=st.integers(0, 4))
    def begin(self, document: int, reads: int) -> None:
        """Start with a job whose pages are in different places, which most faults need."""
        self.fleet.submit(document, "normal").run_out()
        for worker in self.fleet.workers[:reads]:
            if self.fleet.deliver(worker, 0) and worker.actor is not None:
                self._go(worker.actor, 4)

    # Processes -----------------------------------------------------------------------------

    @rule(document=st.integers(0, len(DOCUMENTS) - 1), low=st.booleans(), steps=PLACES)
    def submit(self, document: int, low: bool, steps: int) -> None:
        if self.fleet.commanded:
            return
        self._go(self.fleet.submit(document, "low" if low else "normal"), steps)

    @rule(worker=WORKERS, place=PLACES, steps=st.integers(0, 12))
    def deliver(self, worker: int, place: int, steps: int) -> None:
        chosen = self.fleet.workers[worker]
        if self.fleet.deliver(chosen, place) and chosen.actor is not None:
            self._go(chosen.actor, steps)

    @rule(place=PLACES, steps=PLACES)
    def go_on(self, place: int, steps: int) -> None:
        actor = self._actor(place)
        if actor is not None:
            self._go(actor, steps)

    @rule(steps=PLACES)
    def reduce(self, steps: int) -> None:
        actor = self.fleet.reduce()
        if actor is not None:
            self._go(actor, steps)

    @rule(number=st.integers(0, 1), steps=PLACES)
    def sweep(self, number: int, steps: int) -> None:
        # As if the lock had expired: two sweepers may run at the same time.
        self.fleet.client.delete("pagefleet:lock:sweeper")
        self._go(self.fleet.sweep(number), steps)

    @rule(worker=WORKERS, is_due=st.booleans())
    def renew(self, worker: int, is_due: bool) -> None:
        renewal = self.fleet.workers[worker].lease_renewal
        (renewal.renew if is_due else renewal.keep)()

    @rule(place=PLACES, steps=PLACES)
    def cancel(self, place: int, steps: int) -> None:
        if self.fleet.commanded:
            return
        for manifest in self.fleet.manifests()[place % 4 :][:1]:
            self._go(self.fleet.cancel(manifest), steps)

    @rule(place=PLACES, steps=PLACES)
    def retry(self, place: int, steps: int) -> None:
        if self.fleet.commanded:
            return
        for manifest in self.fleet.manifests()[place % 4 :][:1]:
            done = self.fleet.jobs.done(manifest.job_id)
            if done is not None and done.counts.failed:
                self._go(self.fleet.retry(manifest), steps)

    @rule(place=PLACES, steps=PLACES)
    def purge(self, place: int, steps: int) -> None:
        if self.fleet.commanded:
            return
        for manifest in self.fleet.manifests()[place % 4 :][:1]:
            if self.fleet.jobs.done(manifest.job_id) is not None:
                self._go(self.fleet.purge(manifest), steps)

    # Faults --------------------------------------------------------------------------------

    @rule(place=PLACES)
    def die(self, place: int) -> None:
        actor = self._actor(place)
        for worker in self.fleet.workers:
            if worker.actor is actor and actor is not None:
                self.fleet.kill(worker)
                return
        if actor is not None:
            actor.die()

    @rule(worker=WORKERS)
    def reclaim(self, worker: int) -> None:
        chosen = self.fleet.workers[worker]
        if not chosen.busy:
            self.fleet.wire.publish(self.fleet.dispatch_state.pages.reclaim("fake", chosen.name))

    @rule(place=PLACES, swept=st.booleans())
    def expire(self, place: int, swept: bool) -> None:
        self.fleet.expire(place)
        if swept:
            self.fleet.wire.publish(self.fleet.dispatch_state.pages.reclaim_expired("fake", 0))

    @rule(place=PLACES)
    def redeliver(self, place: int) -> None:
        waiting = self.fleet.unacknowledged
        if waiting:
            self.fleet.wire.put(waiting.pop(place % len(waiting)))

    @rule(place=PLACES)
    def duplicate(self, place: int) -> None:
        sent = self.fleet.wire.sent
        if sent:
            self.fleet.wire.put(sent[place % len(sent)])

    @rule(place=PLACES)
    def lose(self, place: int) -> None:
        self.fleet.wire.take([f"pages.fake.{lane}" for lane in Lane], place)

    @rule()
    def lose_reduce(self) -> None:
        self.fleet.wire.take_reduce()

    @rule(page=st.integers(1, 3))
    def fail(self, page: int) -> None:
        self.fleet.reader.failing ^= {page}

    @rule(sure=st.integers(0, 5))
    def wipe(self, sure: int) -> None:
        if sure == 0:
            self.fleet.wipe()
            self.wiped = True

    # Always --------------------------------------------------------------------------------

    @invariant()
    def every_page_of_a_hot_job_is_in_exactly_one_place(self) -> None:
        client = self.fleet.client
        lanes = [f"pagefleet:queued:pages.fake.{lane}" for lane in Lane]
        queued = [set(client.zrange(lane, 0, -1)) for lane in lanes]
        leased = set(client.zrange("pagefleet:leases:fake", 0, -1))
        everywhere = sorted(str(page) for place in (*queued, leased) for page in place)
        assert len(everywhere) == len(set(everywhere)), everywhere
        assert set(everywhere) == set(map(str, client.zrange("pagefleet:outstanding:fake", 0, -1)))
        assert leased == set(map(str, client.hkeys("pagefleet:holders:fake")))
        for key in client.scan_iter("pagefleet:job:*"):
            self._check_hot(key.rsplit(":", 1)[1], set(everywhere))

    def _check_hot(self, job_id: str, placed: set[str]) -> None:
        job = self.fleet.dispatch_state.jobs.progress(job_id)
        if job is None or job.state != "open":
            return
        done = set(range(1, job.total + 1)) - set(
            self.fleet.dispatch_state.jobs.unfinished(job_id, range(1, job.total + 1))
        )
        assert job.done == len(done) == job.counts.total
        waiting: set[int] = set()
        for text in self.fleet.client.lrange(f"pagefleet:todo:{job_id}", 0, -1):
            first, last = str(text).split("-")
            waiting |= set(range(int(first), int(last) + 1))
        for page in range(1, job.total + 1):
            here = page_id(job_id, page) in placed
            assert not (here and page in done), (page, "held or queued though done")
            assert here or page in done or page in waiting, (page, "nowhere")

    @invariant()
    def no_page_is_read_more_often_than_something_befell_it(self) -> None:
        for page, reads in self.fleet.reader.reads.items():
            most = 2 + self.fleet.excuses[page]  # 2: max_attempts, for pages that fail on request
            assert reads <= most, (page, reads, most)

    def _check_end(self) -> None:
        fleet = self.fleet
        assert list(fleet.store.list("open/")) == []
        known = set()
        for manifest in fleet.manifests():
            known.add(manifest.job_id)
            check_job(fleet.store, manifest.job_id)
        assert fleet.accepted <= known, "an accepted job is missing"
        orphans = [key for key in fleet.store.list("jobs/") if key.split("/")[1] not in known]
        assert orphans == []
        for kind in ("leases", "outstanding", "holders"):
            for pool in POOLS:
                assert not fleet.client.exists(f"pagefleet:{kind}:{pool}"), kind
        assert fleet.client.keys("pagefleet:queued:*") == []
        self.no_page_is_read_more_often_than_something_befell_it()

    def _actor(self, place: int) -> Actor | None:
        living = [actor for actor in self.fleet.stage.actors if not actor.ended]
        return living[place % len(living)] if living else None

    @staticmethod
    def _go(actor: Actor, steps: int) -> None:
        for _ in range(steps):
            if not actor.ended:
                actor.step()


class MovedJobs(AnyOrder):
    """Jobs also come into a wrong pool, as with producers and sweepers of earlier releases."""

    @rule(place=PLACES, steps=PLACES)
    def misplace(self, place: int, steps: int) -> None:
        for manifest in self.fleet.manifests()[place % 4 :][:1]:
            self.fleet.misplace(manifest)
        worker = self.fleet.other_worker
        if self.fleet.deliver(worker, place) and worker.actor is not None:
            self._go(worker.actor, steps)

    @invariant()
    def every_page_of_a_hot_job_is_in_exactly_one_place(self) -> None:
        """In one place of each pool; a page may be in two pools while its job moves."""
        client = self.fleet.client
        for pool in POOLS:
            queued = [client.zrange(f"pagefleet:queued:{q}", 0, -1) for q in page_queues(pool)]
            leased = client.zrange(f"pagefleet:leases:{pool}", 0, -1)
            placed = sorted(str(page) for place in (*queued, leased) for page in place)
            assert placed == sorted(client.zrange(f"pagefleet:outstanding:{pool}", 0, -1))


class Tenants(AnyOrder):
    """Jobs are of two tenants that may have few pages outstanding."""

    values: ClassVar[dict[str, object]] = {"tenant_label": TENANT_LABEL, "tenant_quotas": "*=3"}

    @invariant()
    def the_pages_of_each_tenant_are_counted(self) -> None:
        """After a restart with an empty disk they are wrong until a sweeper counts again."""
        client, counts = self.fleet.client, Counter[str]()
        for page in client.zrange("pagefleet:outstanding:fake", 0, -1):
            job = str(page).partition("/")[0]
            counts[str(client.hget(f"pagefleet:job:{job}", "tenant"))] += 1
        if not self.wiped:
            found = client.hgetall("pagefleet:load:fake")
            assert {name: int(number) for name, number in found.items()} == counts

    def _check_end(self) -> None:
        super()._check_end()
        for kind in ("load:fake", "open:fake:normal", "open:fake:low"):
            assert not self.fleet.client.exists(f"pagefleet:{kind}"), kind


def examples(usual: int) -> int:
    """The examples that a test plays; many with ALL_MOMENTS=1."""
    return 10 * usual if ALL else usual


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize(
    ("machine", "examples"),
    [(AnyOrder, examples(12)), (MovedJobs, examples(6)), (Tenants, examples(6))],
)
def test_every_order_of_steps_deaths_and_losses_finishes_each_page_once(
    redis_server: RedisServer, machine: type[AnyOrder], examples: int
) -> None:
    AnyOrder.url = redis_server.url
    chosen = settings(
        max_examples=examples,
        stateful_step_count=50,
        deadline=None,
        derandomize=True,
        # A failure prints all of its steps; shrinking them takes minutes.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=chosen)
