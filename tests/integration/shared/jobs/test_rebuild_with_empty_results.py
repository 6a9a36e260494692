"""Empty objects of a store, which a killed writer or a forger left, stop no rebuild."""

from pathlib import Path
from unittest.mock import MagicMock

from shared.domain.records.base import to_json
from shared.domain.records.job import Manifest
from shared.jobs.job_store import JobStore
from shared.jobs.rebuilding import rebuild
from shared.storage.store_file import FileStore

OPTIONS = {"engine": "cpu", "model": "m", "revision": "r"}
JOB = f"{'0' * 32}-{'1' * 16}"


def test_a_job_with_empty_results_is_opened(tmp_path: Path) -> None:
    """All of its pages are work again, and the jobs after it are looked at."""
    jobs = JobStore(FileStore(tmp_path))
    job = {"schema": 1, "job_id": JOB, "sha256": "0" * 64, "page_count": 3, "created": 1.0}
    source = {"name": "a.pdf", "key": "source.pdf", "bytes": 1}
    manifest = Manifest.model_validate({**job, "source": source, "options": OPTIONS})
    jobs.store.put(f"jobs/{JOB}/job.json", to_json(manifest))
    jobs.store.put(f"jobs/{JOB}/source.pdf", b"x")
    for page in (1, 2):
        jobs.store.put(f"jobs/{JOB}/pages/{page:06d}.json", b"")
    state = MagicMock()
    state.jobs.state.return_value = None

    found = list(rebuild(jobs, state, MagicMock()))

    assert [each.finding for each in found] == ["opened"]
    opened = state.of.return_value.jobs.open.call_args.kwargs
    assert (opened["done_pages"], opened["todo"]) == ([], ((1, 3),))
