"""The end of a job reaches its collections, whatever becomes of the process that ended it."""

import subprocess
import sys
from typing import Any

from shared.domain.collections.folding import latest_ends
from shared.domain.collections.names import LABEL
from shared.domain.collections.records import End
from shared.domain.errors import StoreUnreachable
from shared.domain.submission_record import SubmissionRecord
from shared.jobs.collections.collection_store import CollectionStore
from shared.jobs.collections.end_log import EndLog, reopened
from shared.jobs.job_store import JobStore
from shared.jobs.reduction import reduce_job
from shared.jobs.submissions import record_submission
from shared.storage.store import ObjectStore
from tests.support.fleets.fleet import wait_until
from tests.support.fleets.stored_jobs import ended_job, open_job, page_result

IN_C = {LABEL: "c"}
JOB = f"{0:032x}-{0:016x}"


def ends(store: ObjectStore, name: str) -> dict[str, End]:
    return latest_ends(CollectionStore(store, name).ends.parts())


def test_the_process_that_ends_a_job_tells_its_collection_soon(file_store: ObjectStore) -> None:
    jobs = JobStore(file_store)
    jobs.ends = EndLog(file_store, flush_s=0.05)

    manifest = ended_job(jobs, [{"worker_s": 1.5}, {"status": "blank"}], labels=IN_C)

    wait_until(lambda: ends(file_store, "c"))
    end = ends(file_store, "c")[manifest.job_id]
    assert (end.status, end.ok, end.blank, end.failed, end.worker_s) == ("ok", 1, 1, 0, 1.5)


def test_the_collections_of_later_submissions_are_told_too(file_store: ObjectStore) -> None:
    jobs = JobStore(file_store)
    manifest = open_job(jobs, 1, labels=IN_C)
    later = SubmissionRecord(name="again.pdf", labels={LABEL: "d"})
    record_submission(jobs, manifest.job_id, later)
    jobs.write_result(page_result(manifest, 1))

    reduce_job(jobs, manifest)
    jobs.ends.flush()

    assert set(ends(file_store, "c")) == set(ends(file_store, "d")) == {manifest.job_id}


def test_a_job_that_is_opened_again_has_not_ended(file_store: ObjectStore) -> None:
    jobs = JobStore(file_store)
    manifest = ended_job(jobs, labels=IN_C)

    jobs.reopen(manifest, [])
    jobs.ends.flush()

    assert ends(file_store, "c")[manifest.job_id].status == "open"


def test_jobs_without_a_collection_write_nothing(file_store: ObjectStore) -> None:
    log = EndLog(file_store)

    log.add([{}, {"a": "b"}, {LABEL: "../x"}], reopened(JOB))
    log.flush()

    assert list(file_store.list("collections/")) == []


class OnceAway:
    """A store that refuses its first write."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._is_away = True

    def put(self, key: str, data: bytes) -> None:
        if self._is_away:
            self._is_away = False
            raise StoreUnreachable("away")
        self._store.put(key, data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_rows_wait_while_the_store_is_away(file_store: ObjectStore) -> None:
    log = EndLog(OnceAway(file_store), flush_s=0.05)

    log.add([IN_C], reopened(JOB))

    wait_until(lambda: ends(file_store, "c"))


def test_a_process_writes_its_rows_before_it_exits(file_store: ObjectStore) -> None:
    script = (
        "import sys; from pathlib import Path; from shared.storage.store_file import FileStore; "
        "from shared.jobs.collections.end_log import EndLog, reopened; "
        "EndLog(FileStore(Path(sys.argv[1])), 600).add([{sys.argv[2]: 'c'}], reopened(sys.argv[3]))"
    )
    folder = file_store.local_path("x")
    assert folder is not None

    command = [sys.executable, "-c", script, str(folder.parent), LABEL, JOB]
    subprocess.run(command, check=True, timeout=60)

    assert set(ends(file_store, "c")) == {JOB}
