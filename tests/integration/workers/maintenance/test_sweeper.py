"""The sweeper finds what is lost, leaves alone what waits, and rebuilds an emptied broker."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from shared.broker.page_state import page_id
from shared.domain.records import Manifest
from shared.jobs.reduction import reduce_job
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.stepped_fleet import SteppedFleet
from workers.maintenance import sweeper as sweeping

QUEUE = "pages.fake.normal"
LARGE = 2  # the document of twelve pages


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> SteppedFleet:
    return SteppedFleet(redis_url, tmp_path)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "LOST_AFTER_S", 0.0)


def submitted(fleet: SteppedFleet, document: int = LARGE) -> Manifest:
    fleet.submit(document, "normal").run_out()
    (manifest,) = fleet.manifests()
    return manifest


def sweep(fleet: SteppedFleet) -> None:
    fleet.client.delete("pagefleet:lock:sweeper")
    fleet.sweep(0).run_out()


def lengths(fleet: SteppedFleet) -> tuple[int, int]:
    """(messages, pages that the ledger counts as queued)"""
    queued: int = fleet.client.zcard(f"pagefleet:queued:{QUEUE}")
    return fleet.dispatch_state.pages.queue_length(QUEUE), queued


@pytest.mark.usefixtures("at_once")
def test_pages_that_wait_in_a_queue_nobody_reads_are_never_sent_twice(
    fleet: SteppedFleet,
) -> None:
    submitted(fleet)
    before = lengths(fleet)

    for _ in range(5):
        sweep(fleet)

    assert lengths(fleet) == before == (4, 4)


@pytest.mark.usefixtures("at_once")
def test_a_lost_message_is_sent_again_once_younger_pages_have_started(
    fleet: SteppedFleet,
) -> None:
    manifest = submitted(fleet)
    lost = fleet.wire.take([QUEUE], 3)
    assert lost is not None and lost.page == 1
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


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("loss", [lambda c: c.flushall(), lambda c: c.delete("pagefleet:turns")])
def test_a_broker_on_an_empty_disk_is_rebuilt_from_the_store(
    fleet: SteppedFleet, loss: Callable[["redis.Redis"], object]
) -> None:
    manifest = submitted(fleet)
    worker = fleet.workers[0]
    for _ in range(2):
        assert fleet.deliver(worker, 0) and worker.actor is not None
        worker.actor.run_out()
    loss(fleet.client)

    fleet.settle()

    assert check_job(fleet.store, manifest.job_id).status == "ok"
    assert set(fleet.reader.reads.values()) == {1}, "a page with a result is not read again"


def test_a_submission_under_way_is_left_alone_although_its_machines_clock_is_behind(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "STALE_MARKER_S", 3600.0)
    job_id = "0123456789abcdef-01234567"
    fleet.jobs.mark_open(job_id, time.time() - 5 * 3600)
    fleet.store.put(f"jobs/{job_id}/source.pdf", b"%PDF-")

    sweep(fleet)
    sweep(fleet)

    assert fleet.store.exists(f"jobs/{job_id}/source.pdf")


def test_a_submission_that_died_is_removed_in_the_end_whatever_its_clock_said(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = "0123456789abcdef-01234567"
    fleet.jobs.mark_open(job_id, time.time() + 5 * 3600)
    fleet.store.put(f"jobs/{job_id}/source.pdf", b"%PDF-")
    monkeypatch.setattr(sweeping, "STALE_MARKER_S", -1.0)

    sweep(fleet)

    assert [*fleet.store.list("open/"), *fleet.store.list("jobs/")] == []


def test_a_purge_that_lives_is_not_joined_and_one_that_stands_still_is_ended(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "DEAD_PURGE_S", 180.0)
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
    monkeypatch.setattr(sweeping, "DEAD_PURGE_S", 0.0)
    fleet.store.put(f"open/{manifest.job_id}", before.data[:-1] + b" \n")  # it goes on, slowly
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


def test_nothing_is_purged_while_the_clocks_differ(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []

    class Eager:
        def apply(self) -> int:
            asked.append(1)
            return 0

    sweeper = sweeping.Sweeper(
        "s", fleet.jobs, fleet.dispatch_state, fleet.wire, adopt=True, lock_s=1,
        retention=Eager(),  # type: ignore[arg-type]
    )  # fmt: skip
    year = 365 * 86_400
    real = fleet.dispatch_state.now
    monkeypatch.setattr(fleet.dispatch_state, "now", lambda: real() - year)
    sweeper.sweep()
    assert asked == [] and "clocks" in caplog.text

    monkeypatch.setattr(fleet.dispatch_state, "now", real)
    sweeper.sweep()
    assert asked == [1]
