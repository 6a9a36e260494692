"""A worker that reads the last page of a small document merges it at once."""

from pathlib import Path

import pytest

from shared.domain.errors import StoreUnreachable
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.stepped_fleet import SteppedFleet
from workers.tasks.merging.reduce_task import ReduceTask

#: Places in ``stepped_fleet.DOCUMENTS``: of one page, of three and of twelve.
ONE_PAGE, SMALL, LARGE = 0, 1, 2
STORE_METHODS = ("get", "put", "exists", "size", "list", "stamped", "delete")
#: 11 of the submission, 2 of the page and 12 of the merge, and one of this test. The source is not
#: fetched here.
MOST_REQUESTS = 26


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> SteppedFleet:
    return SteppedFleet(redis_url, tmp_path)


def read(fleet: SteppedFleet) -> None:
    """The worker that merges small documents reads all pages; no reducer runs."""
    worker = fleet.workers[2]
    while fleet.deliver(worker, 0):
        assert worker.actor is not None
        worker.actor.run_out()


def test_a_small_document_needs_no_reducer(fleet: SteppedFleet) -> None:
    manifest = fleet.submitted(SMALL)

    read(fleet)

    assert check_job(fleet.store, manifest.job_id).status == "ok"
    assert fleet.wire.take_reduce() is None
    assert fleet.dispatch_state.jobs.state(manifest.job_id) == "ended"


def test_a_larger_document_is_left_to_a_reducer(fleet: SteppedFleet) -> None:
    manifest = fleet.submitted(LARGE)

    read(fleet)

    assert fleet.jobs.done(manifest.job_id) is None
    assert fleet.wire.take_reduce() == manifest.job_id


@pytest.mark.parametrize("error", [StoreUnreachable("away"), ValueError("a bug")])
def test_a_document_that_cannot_be_merged_at_once_is_left_to_a_reducer(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    manifest = fleet.submitted(SMALL)

    def fail(*_: object) -> str:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(ReduceTask, "handle", fail)
        read(fleet)

    assert fleet.jobs.done(manifest.job_id) is None
    fleet.work()
    assert check_job(fleet.store, manifest.job_id).status == "ok"


def test_the_document_of_a_worker_that_is_killed_before_the_merge_is_merged_by_a_reducer(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = fleet.submitted(SMALL)
    with monkeypatch.context() as patch:
        # A process that is killed here does nothing more: neither a merge nor a message.
        patch.setattr(ReduceTask, "handle", lambda *_: "killed")
        read(fleet)
    assert fleet.wire.take_reduce() is None

    fleet.timings.stalled_after_s = -1.0
    fleet.sweep(0).run_out()
    fleet.work()

    assert check_job(fleet.store, manifest.job_id).status == "ok"


def test_a_document_of_one_page_needs_few_requests_to_the_store(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(fleet.stage, "pause", lambda request="": requests.append(request))
        manifest = fleet.submitted(ONE_PAGE)
        read(fleet)

    assert check_job(fleet.store, manifest.job_id).status == "ok"
    found = [each for each in requests if each.startswith(STORE_METHODS)]
    assert len(found) <= MOST_REQUESTS, "\n".join(found)
    page = f"jobs/{manifest.job_id}/pages/000001.json"
    assert not [each for each in found if each.startswith("get ") and page in each]
