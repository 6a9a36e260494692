"""The sweeper repairs lost work, leaves waiting pages alone, and rebuilds an emptied broker."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from shared.broker.page_state import page_id
from shared.domain.pools import Pool
from shared.domain.records.job import Counts, Manifest
from shared.jobs.reduction import reduce_job
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.stepped_fleet import SteppedFleet
from workers.maintenance.repairs import SweepTimings, make_repairs
from workers.maintenance.repairs.retention import Retention
from workers.maintenance.sweeper import Sweeper

QUEUE = "pages.fake.normal"
LARGE = 2  # the document of twelve pages


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> SteppedFleet:
    return SteppedFleet(redis_url, tmp_path)


@pytest.fixture
def hasty_fleet(redis_url: str, tmp_path: Path) -> SteppedFleet:
    """A fleet whose sweepers take a message for lost at the first look."""
    return SteppedFleet(redis_url, tmp_path, SweepTimings(lost_after_s=0.0))


def submitted(fleet: SteppedFleet, document: int = LARGE) -> Manifest:
    fleet.submit(document, "normal").run_out()
    (manifest,) = fleet.manifests()
    return manifest


def sweep(fleet: SteppedFleet) -> None:
    fleet.client.delete("pagefleet:lock:sweeper")
    fleet.sweep(0).run_out()


def lengths(fleet: SteppedFleet) -> tuple[int, int]:
    """(messages, pages that the dispatch state counts as queued)"""
    queued: int = fleet.client.zcard(f"pagefleet:queued:{QUEUE}")
    return fleet.dispatch_state.pages.queue_length(QUEUE), queued


def test_pages_that_wait_in_a_queue_without_workers_are_never_sent_twice(
    hasty_fleet: SteppedFleet,
) -> None:
    submitted(hasty_fleet)
    before = lengths(hasty_fleet)

    for _ in range(5):
        sweep(hasty_fleet)

    assert lengths(hasty_fleet) == before == (4, 4)


def test_a_lost_message_is_sent_again_once_younger_pages_have_started(
    hasty_fleet: SteppedFleet,
) -> None:
    fleet = hasty_fleet
    manifest = submitted(fleet)
    lost = fleet.wire.take([QUEUE], 3)
    assert lost is not None
    assert lost.page == 1
    for worker in fleet.workers:
        while fleet.deliver(worker, 0):
            assert worker.actor is not None
            worker.actor.run_out()
        sweep(fleet)

    fleet.settle()

    assert check_job(fleet.store, manifest.job_id).counts == {"ok": 12, "blank": 0, "failed": 0}
    assert fleet.reader.reads[page_id(manifest.job_id, 1)] == 1


def test_a_message_is_not_taken_for_lost_at_the_first_look(fleet: SteppedFleet) -> None:
    submitted(fleet, 0)
    fleet.wire.take([QUEUE], 0)

    sweep(fleet)
    sweep(fleet)

    assert lengths(fleet) == (0, 1)


@pytest.mark.parametrize("loss", [lambda c: c.flushall(), lambda c: c.delete("pagefleet:turns")])
def test_a_broker_on_an_empty_disk_is_rebuilt_from_the_store(
    hasty_fleet: SteppedFleet, loss: Callable[["redis.Redis"], object]
) -> None:
    fleet = hasty_fleet
    manifest = submitted(fleet)
    worker = fleet.workers[0]
    for _ in range(2):
        assert fleet.deliver(worker, 0)
        assert worker.actor is not None
        worker.actor.run_out()
    loss(fleet.client)

    fleet.settle()

    assert check_job(fleet.store, manifest.job_id).status == "ok"
    assert set(fleet.reader.reads.values()) == {1}, "a page with a result is not read again"


def test_a_submission_under_way_is_left_alone_although_its_machines_clock_is_behind(
    fleet: SteppedFleet,
) -> None:
    job_id = "0123456789abcdef-01234567"
    fleet.jobs.mark_open(job_id, time.time() - 5 * 3600)
    fleet.store.put(f"jobs/{job_id}/source.pdf", b"%PDF-")

    sweep(fleet)
    sweep(fleet)

    assert fleet.store.exists(f"jobs/{job_id}/source.pdf")


def test_a_dead_submission_is_removed_although_its_machines_clock_was_ahead(
    fleet: SteppedFleet,
) -> None:
    job_id = "0123456789abcdef-01234567"
    fleet.jobs.mark_open(job_id, time.time() + 5 * 3600)
    fleet.store.put(f"jobs/{job_id}/source.pdf", b"%PDF-")
    fleet.timings.dead_submission_s = -1.0

    sweep(fleet)

    assert [*fleet.store.list("open/"), *fleet.store.list("jobs/")] == []


def test_an_active_purge_is_left_alone_and_a_stalled_one_is_completed(
    fleet: SteppedFleet,
) -> None:
    manifest = submitted(fleet, 0)
    fleet.cancel(manifest).run_out()
    slow = fleet.purge(manifest)
    while fleet.jobs.manifest(manifest.job_id) is not None:
        slow.step()
    before = fleet.jobs.marker(manifest.job_id)
    assert before is not None

    for _ in range(3):
        sweep(fleet)

    assert fleet.jobs.marker(manifest.job_id) == before
    fleet.timings.dead_purge_s = 0.0
    fleet.store.put(
        f"open/{manifest.job_id}", before.data[:-1] + b" \n"
    )  # the purge makes progress
    sweep(fleet)
    assert fleet.jobs.marker(manifest.job_id) is not None

    sweep(fleet)
    assert [*fleet.store.list("open/"), *fleet.store.list("jobs/")] == []
    slow.run_out()
    assert [*fleet.store.list("open/"), *fleet.store.list("jobs/")] == []


def test_the_marker_of_a_purge_stays_although_the_job_is_reduced_again(
    fleet: SteppedFleet,
) -> None:
    manifest = submitted(fleet, 0)
    fleet.cancel(manifest).run_out()
    fleet.jobs.mark_purging(manifest.job_id)

    reduce_job(fleet.jobs, manifest)

    assert fleet.jobs.is_purging(manifest.job_id)


class CountingRetention(Retention):
    """Counts how often it is applied, and purges nothing."""

    applied = 0

    def apply(self) -> int:
        self.applied += 1
        return 0


def test_nothing_is_purged_while_the_clocks_differ(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    retention = CountingRetention(fleet.jobs, 1.0)
    repairs = make_repairs(
        fleet.jobs, fleet.dispatch_state, fleet.wire, adopt=True, retention=retention
    )
    sweeper = Sweeper("s", fleet.dispatch_state, repairs, lock_s=1)
    year_s = 365 * 86_400
    real = fleet.dispatch_state.now
    monkeypatch.setattr(fleet.dispatch_state, "now", lambda: real() - year_s)
    sweeper.sweep()
    assert retention.applied == 0
    assert "clocks" in caplog.text

    monkeypatch.setattr(fleet.dispatch_state, "now", real)
    sweeper.sweep()
    assert retention.applied == 1


def test_a_misplaced_job_is_moved_although_the_record_of_another_cannot_be_read(
    fleet: SteppedFleet,
) -> None:
    for document in (1, LARGE):
        fleet.submit(document, "normal").run_out()
    manifests = broken, good = fleet.manifests()
    wrong = Pool("fake", "another").id
    for manifest in manifests:
        fleet.dispatch_state.jobs.forget(manifest.job_id)
        fleet.dispatch_state.jobs.open(
            manifest.job_id, wrong, "normal", 0.0, manifest.page_count, Counts(), (),
            [(1, manifest.page_count)],
        )  # fmt: skip
    fleet.store.put(f"jobs/{broken.job_id}/job.json", b"{}")
    fleet.timings.stalled_after_s = -1.0

    sweep(fleet)

    assert job_pools(fleet, good) == ["fake"]
    assert job_pools(fleet, broken) == [wrong]


def test_a_job_is_adopted_although_the_marker_of_another_is_nested_too_deep(
    fleet: SteppedFleet,
) -> None:
    for document in (1, LARGE):
        fleet.submit(document, "normal").run_out()
    broken, good = sorted(fleet.manifests(), key=lambda manifest: manifest.job_id)
    fleet.client.flushall()
    fleet.store.put(f"open/{broken.job_id}", b'{"created": ' + b"[" * 2000 + b"]" * 2000 + b"}")

    sweep(fleet)

    assert fleet.dispatch_state.jobs.state(good.job_id) == "open"


def job_pools(fleet: SteppedFleet, manifest: Manifest) -> list[str]:
    """The pools among whose open jobs the job is."""
    return [
        pool
        for pool in fleet.dispatch_state.pools.ids()
        if fleet.client.zscore(f"pagefleet:jobs:{pool}:normal", manifest.job_id) is not None
    ]
