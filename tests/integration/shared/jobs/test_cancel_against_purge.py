"""A job that is purged while it is cancelled leaves nothing in the store, whatever the moment."""

from pathlib import Path
from typing import Any

from shared.domain import object_keys
from shared.jobs.cancelling import JobResumed, cancel_job
from shared.jobs.job_store import JobStore
from shared.jobs.purging import purge
from shared.storage.store_file import FileStore
from tests.support.fleets.stored_jobs import open_job, page_result


class PurgedAt:
    """A store in which another process purges a job before the request with a number."""

    def __init__(self, store: FileStore, job_id: str, at: int) -> None:
        self._store = store
        self._job_id = job_id
        self.left = at

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._store, name)
        if not callable(inner):
            return inner

        def request(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                purge(JobStore(self._store), self._job_id)
            return inner(*arguments, **options)

        return request


def test_a_purge_at_any_moment_of_a_cancel_leaves_nothing(tmp_path: Path) -> None:
    at, resumed = 1, 0
    while True:
        store = FileStore(tmp_path / f"store-{at}")
        manifest = open_job(JobStore(store), 3)
        JobStore(store).write_result(page_result(manifest, 1))
        struck = PurgedAt(store, manifest.job_id, at)
        try:
            cancel_job(manifest, JobStore(struck), None)
        except JobResumed:
            resumed += 1
        if struck.left > 0:
            break
        assert list(store.list(object_keys.job(manifest.job_id))) == [], f"at request {at}"
        at += 1

    assert at > 10
    assert resumed > 5
