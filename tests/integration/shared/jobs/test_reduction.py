"""Writing the document: always the same bytes, one commit, and no commit too early."""

from pathlib import Path
from typing import Any

import pytest

from shared.document.assembly import Document, assemble
from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.domain.records.base import to_json
from shared.domain.records.job import Manifest
from shared.domain.records.page_result import ErrorInfo
from shared.jobs.job_store import JobStore
from shared.jobs.purging import purge
from shared.jobs.reduction import PagesMissing, reduce_job
from shared.storage.store_file import FileStore
from tests.support.fleets import stored_jobs
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.stepped_fleet import SteppedFleet
from tests.support.fleets.stored_jobs import page_result
from workers.tasks.late_result import withdraw_if_late

DOCUMENT = ("document.md", "document.json", "_DONE")


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> SteppedFleet:
    return SteppedFleet(redis_url, tmp_path)


def read_pages(
    fleet: SteppedFleet, document: int, failing: frozenset[int] = frozenset()
) -> Manifest:
    """A job whose pages all have a result and whose document is not written."""
    fleet.reader.failing = set(failing)
    fleet.submit(document, "normal").run_out()
    (manifest,) = fleet.manifests()
    worker = fleet.workers[0]
    while fleet.deliver(worker, 0):
        assert worker.actor is not None
        worker.actor.run_out()
    fleet.reader.failing.clear()
    return manifest


def written(fleet: SteppedFleet, manifest: Manifest) -> list[bytes]:
    return [fleet.store.get(f"jobs/{manifest.job_id}/{name}") for name in DOCUMENT]


def test_reducing_again_after_a_crash_before_the_commit_writes_the_same_bytes(
    fleet: SteppedFleet,
) -> None:
    manifest = read_pages(fleet, 2)
    reduce_job(fleet.jobs, manifest)
    first = written(fleet, manifest)
    fleet.store.delete([f"jobs/{manifest.job_id}/_DONE"])

    reduce_job(fleet.jobs, manifest)

    assert written(fleet, manifest) == first


def test_two_concurrent_reducers_make_one_commit(fleet: SteppedFleet) -> None:
    manifest = read_pages(fleet, 1)
    fleet.wire.reduce(manifest.job_id)
    both = [fleet.reduce(), fleet.reduce()]
    while any(actor is not None and not actor.ended for actor in both):
        for actor in both:
            if actor is not None and not actor.ended:
                actor.step()

    assert check_job(fleet.store, manifest.job_id).status == "ok"


def test_a_page_without_a_result_is_reported_and_nothing_is_committed(fleet: SteppedFleet) -> None:
    manifest = read_pages(fleet, 1)
    fleet.store.delete([f"jobs/{manifest.job_id}/pages/000002.json"])

    with pytest.raises(PagesMissing) as missing:
        reduce_job(fleet.jobs, manifest)

    assert missing.value.ranges == ((2, 2),)
    assert not fleet.store.exists(f"jobs/{manifest.job_id}/_DONE")


def test_pages_whose_results_were_deleted_are_read_again_and_the_job_ends(
    fleet: SteppedFleet,
) -> None:
    manifest = read_pages(fleet, 2)
    gone = [f"jobs/{manifest.job_id}/pages/{page:06d}.json" for page in (2, 3, 9)]
    fleet.store.delete(gone)
    reducer = fleet.reduce()
    assert reducer is not None
    reducer.run_out()

    worker = fleet.workers[0]
    while fleet.deliver(worker, 0):
        assert worker.actor is not None
        worker.actor.run_out()
    while (again := fleet.reduce()) is not None:
        again.run_out()

    assert check_job(fleet.store, manifest.job_id).counts == {"ok": 12, "blank": 0, "failed": 0}
    assert sum(fleet.reader.reads.values()) == 12 + 3


def test_a_reducer_that_was_paused_while_the_job_was_reopened_undoes_its_commit(
    fleet: SteppedFleet,
) -> None:
    manifest = read_pages(fleet, 1, frozenset({2}))
    slow = fleet.reduce()
    assert slow is not None
    while not fleet.store.exists(f"jobs/{manifest.job_id}/document.md"):
        slow.step()
    slow.step()  # it has re-checked the pages and is paused before its commit
    reducer = fleet.stage.begin("reducer", lambda: reduce_job(fleet.jobs, manifest))
    reducer.run_out()
    assert check_job(fleet.store, manifest.job_id).status == "partial"
    fleet.retry(manifest).run_out()

    slow.run_out()

    assert not fleet.store.exists(f"jobs/{manifest.job_id}/_DONE")
    fleet.settle()
    assert check_job(fleet.store, manifest.job_id).status == "ok"


def test_a_reducer_that_was_paused_while_another_committed_writes_nothing(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = read_pages(fleet, 1, frozenset({2}))
    merged: list[bool] = []

    def noted(*arguments: Any) -> Document:
        merged.append(True)
        return assemble(*arguments)

    monkeypatch.setattr("shared.jobs.reduction.assemble", noted)
    slow = fleet.reduce()
    assert slow is not None
    while not merged:
        slow.step()
    fleet.retry(manifest).run_out()
    while fleet.deliver(fleet.workers[0], 0):
        fleet.workers[0].actor.run_out()  # type: ignore[union-attr]
    reducer = fleet.reduce()
    assert reducer is not None
    reducer.run_out()
    expected = written(fleet, manifest)

    while not slow.ended:
        slow.step()
        assert written(fleet, manifest) == expected


def test_a_failure_that_is_replaced_during_the_commit_is_in_the_document(
    fleet: SteppedFleet,
) -> None:
    manifest = read_pages(fleet, 1, frozenset({2}))
    reducer = fleet.reduce()
    assert reducer is not None
    while not fleet.store.exists(f"jobs/{manifest.job_id}/_DONE"):
        reducer.step()
    error = ErrorInfo(code="engine_failed", message="at last")
    fleet.jobs.write_result(page_result(manifest, 2, status="failed", error=error))

    reducer.run_out()

    assert check_job(fleet.store, manifest.job_id).status == "partial"
    assert b"at last" in fleet.store.get(f"jobs/{manifest.job_id}/document.json")
    assert fleet.dispatch_state.jobs.state(manifest.job_id) == "ended"


@pytest.mark.parametrize("moment", range(16))
def test_a_page_that_succeeds_while_its_failure_is_committed_is_in_the_document(
    fleet: SteppedFleet, moment: int
) -> None:
    manifest = read_pages(fleet, 1, frozenset({2}))
    reducer = fleet.reduce()
    assert reducer is not None
    for _ in range(moment):
        if not reducer.ended:
            reducer.step()
    text = f"fake:{manifest.sha256[:12]}:2"
    result = page_result(manifest, 2, markdown=text)
    fleet.jobs.write_result(result)
    reducer_ended = reducer.ended
    if reducer_ended or fleet.jobs.done(manifest.job_id) is not None:
        withdraw_if_late(fleet.jobs, result)

    if not reducer_ended:
        reducer.run_out()

    fleet.settle()
    check_job(fleet.store, manifest.job_id)


def test_a_page_recorded_as_cancelled_is_read_where_the_job_is_not_cancelled(
    fleet: SteppedFleet,
) -> None:
    manifest = read_pages(fleet, 1)
    fleet.store.delete([f"jobs/{manifest.job_id}/pages/000002.json"])
    error = ErrorInfo(code="cancelled", message="too late")
    fleet.jobs.write_result(page_result(manifest, 2, status="failed", error=error))

    fleet.settle()

    assert check_job(fleet.store, manifest.job_id).status == "ok"


def test_a_job_that_is_purged_during_its_reduction_stays_purged(fleet: SteppedFleet) -> None:
    manifest = read_pages(fleet, 0)
    purge(fleet.jobs, manifest.job_id)

    with pytest.raises((NotFound, PagesMissing)):
        reduce_job(fleet.jobs, manifest)

    assert list(fleet.store.list("jobs/")) == []


def test_a_page_that_a_worker_holds_is_not_used_for_a_job_that_was_submitted_again(
    tmp_path: Path,
) -> None:
    jobs = JobStore(FileStore(tmp_path))
    purged = stored_jobs.open_job(jobs, 1, b"%PDF of a test")
    held = stored_jobs.page_result(purged, 1, markdown="of the purged job")
    again = purged.model_copy(update={"created": purged.created + 1})
    jobs.store.put(object_keys.manifest(again.job_id), to_json(again))
    jobs.write_result(stored_jobs.page_result(again, 1, markdown="of the job now"))

    reduce_job(jobs, purged, held={1: held})

    document = jobs.store.get(object_keys.document(again.job_id, "md")).decode()
    assert "of the job now" in document
    assert "of the purged job" not in document


def test_a_page_that_a_worker_holds_is_missing_where_its_result_was_removed(
    tmp_path: Path,
) -> None:
    jobs = JobStore(FileStore(tmp_path))
    manifest = stored_jobs.open_job(jobs, 1, b"%PDF of a test")

    with pytest.raises(PagesMissing):
        reduce_job(jobs, manifest, held={1: stored_jobs.page_result(manifest, 1)})
