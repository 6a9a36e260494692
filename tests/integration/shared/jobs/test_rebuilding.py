"""``rebuild`` looks at every job of a store, whatever others have put into it."""

import os
from pathlib import Path
from typing import Any

import pytest

from shared.jobs.job_store import MAX_RECORD_BYTES, JobStore
from shared.jobs.rebuilding import rebuild
from shared.storage.store import ObjectStore
from tests.support.fleets.stored_jobs import ended_job, open_job, pdf_bytes

NOT_USED: Any = None


@pytest.mark.parametrize("size", [1, MAX_RECORD_BYTES + 1])
def test_a_damaged_or_huge_manifest_hides_no_other_job(file_store: ObjectStore, size: int) -> None:
    jobs = JobStore(file_store)
    bad, good = open_job(jobs, 1, pdf_bytes(2)), ended_job(jobs)
    path = file_store.local_path(f"jobs/{bad.job_id}/job.json")
    assert isinstance(path, Path)
    path.write_bytes(b"[")
    os.truncate(path, size)

    found = {each.job_id: each.finding for each in rebuild(jobs, NOT_USED, NOT_USED)}

    assert found == {bad.job_id: "unreadable", good.job_id: "complete"}
