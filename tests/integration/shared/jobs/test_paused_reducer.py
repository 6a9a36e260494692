"""A reducer that is paused while it writes leaves no stale text when it continues."""

import signal
from typing import Any

import pytest

from shared.domain.records.job import Manifest
from shared.domain.records.options import RenderOptions
from shared.jobs.job_store import JobStore
from shared.jobs.purging import purge
from shared.jobs.reduction import reduce_job
from shared.storage.store import ObjectStore
from tests.support.fleets.killed_writer import SignalledWork
from tests.support.fleets.stored_jobs import open_job, page_result

#: The writes of a reducer: the two documents, then the commit.
WRITES = (1, 2, 3)
FAILED: dict[str, Any] = {"status": "failed"}


def failure(code: str) -> dict[str, Any]:
    return {**FAILED, "error": {"code": code, "message": code}}


def documents(jobs: JobStore, manifest: Manifest) -> list[bytes]:
    names = ("document.md", "document.json", "_DONE")
    return [jobs.store.get(f"jobs/{manifest.job_id}/{name}") for name in names]


def reducer_stops(jobs: JobStore, manifest: Manifest, write: int) -> SignalledWork:
    stopped = SignalledWork(
        lambda struck: reduce_job(struck, manifest), jobs.store, write, signal.SIGSTOP
    )  # fmt: skip
    assert stopped.is_stopped()
    return stopped


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("after", [failure("engine_failed"), {}])
def test_pages_that_were_read_again_during_the_pause_are_in_the_document(
    any_store: ObjectStore, write: int, after: dict[str, Any]
) -> None:
    jobs = JobStore(any_store)
    manifest = open_job(jobs, 2)
    jobs.write_result(page_result(manifest, 1, markdown="one"))
    jobs.write_result(page_result(manifest, 2, **failure("render_failed")))
    slow = reducer_stops(jobs, manifest, write)
    jobs.reopen(manifest, [2])
    jobs.write_result(page_result(manifest, 2, **after))
    reduce_job(jobs, manifest)
    expected = documents(jobs, manifest)

    slow.resume()

    assert documents(jobs, manifest) == expected
    assert b"render_failed" not in b"".join(expected)


def test_a_commit_of_stale_results_is_repeated(any_store: ObjectStore) -> None:
    jobs = JobStore(any_store)
    manifest = open_job(jobs, 2)
    jobs.write_result(page_result(manifest, 1))
    jobs.write_result(page_result(manifest, 2, **failure("render_failed")))
    slow = reducer_stops(jobs, manifest, 3)
    jobs.reopen(manifest, [2])
    jobs.write_result(page_result(manifest, 2, **failure("engine_failed")))

    slow.resume()

    done = jobs.done(manifest.job_id)
    assert done is not None
    assert done.status == "partial"
    assert jobs.marker(manifest.job_id) is None
    assert b"engine_failed" in documents(jobs, manifest)[1]
    assert b"render_failed" not in b"".join(documents(jobs, manifest))


@pytest.mark.parametrize("write", WRITES)
def test_a_job_that_was_purged_and_submitted_again_has_its_own_document(
    any_store: ObjectStore, write: int
) -> None:
    jobs = JobStore(any_store)
    old = open_job(jobs, 1)
    jobs.write_result(page_result(old, 1, markdown="text"))
    slow = reducer_stops(jobs, old, write)
    purge(jobs, old.job_id)
    new = open_job(jobs, 1, render=RenderOptions(page_breaks="rule"))
    jobs.write_result(page_result(new, 1, markdown="other text"))
    reduce_job(jobs, new)
    expected = documents(jobs, new)

    slow.resume()

    assert documents(jobs, new) == expected
    assert b"other text" in expected[0]
