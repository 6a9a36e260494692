"""A damaged or forged record of one job stops no command about the other jobs."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.domain.records.base import to_json
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process
from tests.support.fleets.stored_jobs import ended_job, open_job, page_result, pdf_bytes

FORGED = [
    {"created": 1e300},
    {"created": -1e12},
    {"page_count": 10**18},
    {"options": {"pages": "9" * 5000}},
    {"options": {"pages": "2-3"}},
    {"labels": dict.fromkeys(map(str, range(5000)), 7)},
    {"job_id": "0" * 16 + "-" + "0" * 8},
    {"sha256": "no digest"},
    {"source": {"key": "source.pdf/../../other"}},
    {"options": {"engine": "\x1b[31m"}},
]


def forge(path: Path, changes: dict[str, Any]) -> None:
    """Change fields of a stored record."""
    plain = json.loads(path.read_text())
    for name, value in changes.items():
        plain[name] = {**plain[name], **value} if isinstance(value, dict) else value
    path.write_text(json.dumps(plain))


def test_an_engine_that_this_release_does_not_have_is_shown(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings(store=(tmp_path / "store").as_uri())
    job = open_job(JobStore(open_store(config)), 1)
    forge(tmp_path / "store" / "jobs" / job.job_id / "job.json", {"options": {"engine": "newer"}})

    for command in ("list", "status"):
        result = in_process(config, command, "--json")
        assert (result.status, json.loads(result.out)["pool"][:6]) == (0, "newer-"), result.err


@pytest.mark.parametrize("changes", FORGED, ids=lambda changes: next(iter(changes)))
def test_a_forged_manifest_is_a_warning_and_the_other_job_is_shown(
    settings: SettingsFactory, tmp_path: Path, changes: dict[str, Any]
) -> None:
    config = settings(store=(tmp_path / "store").as_uri())
    jobs = JobStore(open_store(config))
    bad, good = open_job(jobs, 1), open_job(jobs, 1, pdf_bytes(2))
    forge(tmp_path / "store" / "jobs" / bad.job_id / "job.json", changes)

    for command in ("list", "status", "failures"):
        result = in_process(config, command)
        assert result.status == 0, result.err
        assert command == "failures" or good.job_id in result.out
        assert result.err.count(bad.job_id) >= 1
        assert len(result.err) < 2000


def test_a_damaged_end_or_result_is_a_warning_and_the_other_job_is_shown(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings(store=(tmp_path / "store").as_uri())
    jobs = JobStore(open_store(config))
    ended, bad, good = ended_job(jobs), open_job(jobs, 1, pdf_bytes(3)), open_job(jobs, 2)
    folder = tmp_path / "store" / "jobs"
    forge(folder / ended.job_id / "_DONE", {"status": "forged"})
    jobs.write_result(page_result(bad, 1))
    forge(folder / bad.job_id / "pages" / "000001.json", {"output_tokens": -1})

    listed = in_process(config, "list")

    assert listed.status == 0
    assert good.job_id in listed.out
    assert {ended.job_id, bad.job_id} <= set(listed.err.replace("/", " ").split())
    assert in_process(config, "status", bad.job_id).status != 0


def test_a_result_beyond_any_document_is_no_page(settings: SettingsFactory, tmp_path: Path) -> None:
    config = settings(store=(tmp_path / "store").as_uri())
    jobs = JobStore(open_store(config))
    job = open_job(jobs, 1)
    # The bitmap of its pages would take 110 MB of the broker.
    jobs.store.put(f"jobs/{job.job_id}/pages/900000000.failed.json", to_json(page_result(job, 1)))

    assert jobs.page_states(job.job_id).all == frozenset()
