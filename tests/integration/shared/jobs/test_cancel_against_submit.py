"""A job that is submitted while it is cancelled: the last command counts completely."""

from pathlib import Path

import pytest

from shared.domain.records.job import Manifest
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.moments import stride
from tests.support.fleets.stepped_fleet import SteppedFleet
from tests.support.fleets.stepping import Actor

#: More than a cancel has steps, or a submission.
LAST = 80


def half_read(redis_url: str, folder: Path) -> tuple[SteppedFleet, Manifest]:
    """A job of twelve pages: two are read, one is in flight, the others are queued."""
    fleet = SteppedFleet(redis_url, folder)
    fleet.client.flushall()
    fleet.submit(2, "normal").run_out()
    for _ in range(2):
        read(fleet)
    assert fleet.deliver(fleet.workers[1], 0)
    assert fleet.workers[1].actor is not None
    while sum(fleet.reader.reads.values()) < 3:
        fleet.workers[1].actor.step()
    (manifest,) = fleet.manifests()
    return fleet, manifest


def read(fleet: SteppedFleet) -> bool:
    worker = fleet.workers[0]
    if not fleet.deliver(worker, 0):
        return False
    assert worker.actor is not None
    worker.actor.run_out()
    return True


def steps(actor: Actor, count: int) -> bool:
    """Run ``count`` steps; False where the actor ended before."""
    for _ in range(count):
        if actor.ended:
            return False
        actor.step()
    return not actor.ended


@pytest.fixture(params=[False, True], ids=["at once", "pages read between"])
def busy(request: pytest.FixtureRequest) -> bool:
    """Whether workers go on between the two commands."""
    return bool(request.param)


def test_a_job_submitted_during_its_cancel_is_read_completely(
    redis_url: str, tmp_path: Path, busy: bool
) -> None:
    for count in range(1, LAST, stride(5)):
        fleet, manifest = half_read(redis_url, new_folder(tmp_path, count))
        cancel = fleet.cancel(manifest)
        going = steps(cancel, count)
        first = fleet.dispatch_state.jobs.state(manifest.job_id) == "open"
        fleet.submit(2, "normal").run_out()
        if busy:
            read(fleet)
            read(fleet)
        cancel.run_out()
        fleet.settle()

        checked = check_job(fleet.store, manifest.job_id)
        # Before it has set the broker's state, the cancel is the later command.
        assert checked.status == ("cancelled" if first else "ok"), f"after {count} steps"
        assert max(fleet.reader.reads.values()) <= 2
        if not going:
            assert count > 8
            return
    raise AssertionError("a cancel has more steps than were tried")


def test_a_job_cancelled_during_its_submission_ends_as_ok_or_cancelled(
    redis_url: str, tmp_path: Path, busy: bool
) -> None:
    for count in range(1, LAST, stride(5)):
        fleet, manifest = half_read(redis_url, new_folder(tmp_path, count))
        fleet.cancel(manifest).run_out()
        submit = fleet.submit(2, "normal")
        going = steps(submit, count)
        fleet.cancel(manifest).run_out()
        if busy:
            read(fleet)
        submit.run_out()
        fleet.settle()

        checked = check_job(fleet.store, manifest.job_id)
        assert checked.status in ("ok", "cancelled"), f"after {count} steps"
        if not going:
            assert count > 8
            assert checked.status == "cancelled"
            return
    raise AssertionError("a submission has more steps than were tried")


def new_folder(folder: Path, count: int) -> Path:
    made = folder / str(count)
    made.mkdir()
    return made


def test_a_page_that_was_released_for_a_cancel_is_queued_again_by_a_submission(
    redis_url: str, tmp_path: Path
) -> None:
    fleet, manifest = half_read(redis_url, tmp_path)
    holder = fleet.workers[1]
    fleet.dispatch_state.jobs.cancel(manifest.job_id)
    holder.lease_renewal.renew()
    fleet.submit(2, "normal").run_out()

    assert holder.actor is not None
    holder.actor.run_out()

    while read(fleet):
        pass
    job = fleet.dispatch_state.jobs.progress(manifest.job_id)
    assert job is not None
    assert job.done == 12
