"""A paused worker that stores its page after the end of its job changes nothing."""

from pathlib import Path

import pytest

from shared.domain.records.job import Manifest
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.stepped_fleet import SteppedFleet, Worker


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> SteppedFleet:
    return SteppedFleet(redis_url, tmp_path)


def reading(fleet: SteppedFleet) -> tuple[Manifest, Worker]:
    """A job of one page, and a worker that has read it and has not stored it."""
    fleet.submit(0, "normal").run_out()
    (manifest,) = fleet.manifests()
    worker = fleet.workers[0]
    assert fleet.deliver(worker, 0)
    assert worker.actor is not None
    while not fleet.reader.reads:
        worker.actor.step()
    worker.actor.step()
    assert not list(fleet.store.list(f"jobs/{manifest.job_id}/pages/"))
    return manifest, worker


def test_a_page_stored_after_its_job_was_cancelled_is_withdrawn(fleet: SteppedFleet) -> None:
    manifest, worker = reading(fleet)
    fleet.cancel(manifest).run_out()

    assert worker.actor is not None
    worker.actor.run_out()

    assert check_job(fleet.store, manifest.job_id).failed == {1: "cancelled"}


def test_a_page_stored_after_its_job_was_purged_leaves_no_orphan(fleet: SteppedFleet) -> None:
    manifest, worker = reading(fleet)
    fleet.cancel(manifest).run_out()
    fleet.purge(manifest).run_out()

    assert worker.actor is not None
    worker.actor.run_out()

    assert list(fleet.store.list("jobs/")) == []


def test_a_worker_that_lost_its_lease_aborts_after_another_has_read_the_page(
    fleet: SteppedFleet,
) -> None:
    manifest, worker = reading(fleet)
    fleet.expire(0)
    fleet.sweep(0).run_out()
    other = fleet.workers[1]
    assert fleet.deliver(other, 0)
    assert other.actor is not None
    other.actor.run_out()
    while (actor := fleet.reduce()) is not None:
        actor.run_out()

    worker.lease_renewal.renew()
    assert worker.actor is not None
    worker.actor.run_out()

    assert check_job(fleet.store, manifest.job_id).counts == {"ok": 1, "blank": 0, "failed": 0}
    assert not fleet.client.exists("pagefleet:leases:fake", "pagefleet:outstanding:fake")
