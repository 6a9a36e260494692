"""A document that is submitted while its job is purged: an accepted job is never lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.domain.records.job import Manifest
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.moments import stride
from tests.support.fleets.stepped_fleet import SteppedFleet
from tests.support.fleets.stepping import Actor

pytestmark = pytest.mark.usefixtures("silent")

#: More than a purge has steps, or a submission.
LAST = 60
STRIDE = stride(41)


def ended(redis_url: str, folder: Path) -> tuple[SteppedFleet, Manifest]:
    """A job of one page that has ended."""
    fleet = SteppedFleet(redis_url, folder)
    fleet.client.flushall()
    fleet.submit(0, "normal").run_out()
    fleet.settle()
    (manifest,) = fleet.manifests()
    return fleet, manifest


def steps(actor: Actor, count: int) -> bool:
    """Run ``count`` steps; False where the actor ended before."""
    for _ in range(count):
        if not actor.ended:
            actor.step()
    return not actor.ended


def takes_source(purge: Actor) -> bool:
    """Whether the purge is paused between its last check of the marker and deleting the source."""
    return purge.call.startswith("delete") and "source" in purge.call and not purge.ended


def check(fleet: SteppedFleet, manifest: Manifest, last: bool, where: str) -> None:
    """The job is complete; only its source can't be protected from a request on its way."""
    if last:
        assert fleet.jobs.done(manifest.job_id) is not None, where
        return
    assert check_job(fleet.store, manifest.job_id).status == "ok", where


@pytest.mark.parametrize("twice", [False, True], ids=["one purge", "two purges"])
def test_a_paused_purge_deletes_nothing_of_a_job_that_was_submitted_after_it(
    redis_url: str, folders: Iterator[Path], twice: bool
) -> None:
    for count in range(1, LAST, stride(5)):
        fleet, manifest = ended(redis_url, next(folders))
        slow = fleet.purge(manifest)
        going = steps(slow, count)
        if going and not fleet.jobs.is_purging(manifest.job_id):
            continue  # then the purge is the later command
        last = takes_source(slow)
        if twice:
            fleet.purge(manifest).run_out()
        fleet.submit(0, "normal").run_out()
        slow.run_out()
        fleet.settle()

        check(fleet, manifest, last, f"after {count} steps")
        if not going:
            return
    raise AssertionError("a purge has more steps than were tried")


@pytest.mark.parametrize("twice", [False, True], ids=["one purge", "two purges"])
def test_a_purge_during_a_submission_deletes_nothing_of_its_job(
    redis_url: str, folders: Iterator[Path], twice: bool
) -> None:
    for stood in range(2, LAST, stride(5)):
        # All pairs would take minutes: each fifth step of the purge gets a different subset.
        for count in range(1 + stood % STRIDE, LAST, STRIDE):
            fleet, manifest = ended(redis_url, next(folders))
            slow = fleet.purge(manifest)
            purging = steps(slow, stood)
            last = takes_source(slow)
            if twice:
                fleet.purge(manifest).run_out()
            submit = fleet.submit(0, "normal")
            going = steps(submit, count)
            slow.run_out()
            submit.run_out()
            fleet.settle()

            where = f"after {stood} steps of the purge and {count} of the submission"
            check(fleet, manifest, last, where)
            if not going:
                break
        if not purging:
            return
    raise AssertionError("a purge has more steps than were tried")


def test_a_done_marker_without_a_manifest_does_not_answer_a_submission(
    redis_url: str, tmp_path: Path
) -> None:
    fleet, manifest = ended(redis_url, tmp_path)
    fleet.store.delete([f"jobs/{manifest.job_id}/job.json"])  # on a full disk, without a marker

    fleet.submit(0, "normal").run_out()

    assert fleet.jobs.done(manifest.job_id) is None
    fleet.settle()
    assert check_job(fleet.store, manifest.job_id).status == "ok"
    assert set(fleet.reader.reads.values()) == {2}
