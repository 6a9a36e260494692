"""Several people submit one document: commands show and find the names and labels of each."""

import json
from pathlib import Path

import pytest

from shared.config.settings import Settings
from shared.domain import object_keys
from shared.domain.records.job import Manifest, Source
from shared.domain.submission_record import SubmissionRecord
from shared.jobs.job_store import JobStore
from shared.jobs.submissions import record_submission
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process
from tests.support.fleets.stored_jobs import ended_job, pdf_bytes

ANN = {"name": "ann.pdf", "labels": {"team": "a", "batch": "1"}}
BOB = {"name": "bob\x1b[2J.pdf", "labels": {"team": "b"}}


@pytest.fixture
def local(settings: SettingsFactory) -> Settings:
    """A store without a broker, in which two people have submitted one document."""
    return settings()


@pytest.fixture
def shared_job(local: Settings) -> Manifest:
    """A job with one failed page of two."""
    jobs = JobStore(open_store(local))
    failed = {"status": "failed", "error": {"code": "engine_failed", "message": "no answer"}}
    source = Source(name=ANN["name"], key="source.pdf", bytes=len(pdf_bytes(2)))
    manifest = ended_job(jobs, [{}, failed], source=source, labels=ANN["labels"])
    for webhook in (None, "https://bob.example/secret-path"):
        record_submission(jobs, manifest.job_id, SubmissionRecord(**BOB, webhook=webhook))
    return manifest


@pytest.mark.parametrize("command", ["list", "status"])
def test_list_and_status_show_each_submission(
    local: Settings, shared_job: Manifest, command: str
) -> None:
    words = [command] if command == "list" else [command, shared_job.job_id]
    as_json, text = in_process(local, *words, "--json"), in_process(local, *words)

    (line,) = as_json.lines
    assert (line["name"], line["labels"]) == (ANN["name"], ANN["labels"])
    assert line["submissions"] == [ANN, BOB]
    assert "secret-path" not in as_json.out + text.out
    assert "ann.pdf (also bob?[2J.pdf)" in text.out


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["team=a"], 1),
        (["team=b"], 1),
        (["team=a", "batch=1"], 1),
        (["team=b", "batch=1"], 0),
        (["team=c"], 0),
    ],
)
def test_list_finds_a_job_by_the_labels_of_any_one_submission(
    local: Settings, shared_job: Manifest, words: list[str], found: int
) -> None:
    options = [option for word in words for option in ("--label", word)]
    lines = in_process(local, "list", "--json", *options).lines

    assert [line["job_id"] for line in lines] == [shared_job.job_id] * found


def test_failures_name_the_document_of_each_submission(
    local: Settings, shared_job: Manifest
) -> None:
    (line,) = in_process(local, "failures", "--json").lines

    assert line["names"] == [ANN["name"], BOB["name"]]


def test_fetch_writes_the_document_under_the_name_of_a_submission(
    local: Settings, shared_job: Manifest, tmp_path: Path
) -> None:
    options = ["fetch", shared_job.job_id, "-o", str(tmp_path / "out")]
    first = in_process(local, *options)
    second = in_process(local, *options, "--label", "team=b")
    unknown = in_process(local, *options, "--label", "team=c")

    assert (first.status, second.status, unknown.status) == (3, 3, 2)
    assert "no submission of job" in unknown.err
    names = {"ann": ANN["name"], "bob_[2J": BOB["name"]}
    assert {path.stem for path in (tmp_path / "out").iterdir()} == set(names)
    for stem, name in names.items():
        record = json.loads((tmp_path / "out" / f"{stem}.json").read_text())
        assert record["source"]["name"] == name


def test_a_report_names_every_submission_or_only_the_chosen_one(
    local: Settings, shared_job: Manifest, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    in_process(local, "report", shared_job.job_id, "-o", str(path))
    everyone = path.read_text()
    in_process(local, "report", shared_job.job_id, "-o", str(path), "--label", "team=b")
    only_bob = path.read_text()

    assert "ann.pdf" in everyone
    assert "team=b" in everyone
    assert everyone.count("also submitted as") == 1
    assert "bob" in only_bob
    assert "ann" not in only_bob


def test_a_forged_submission_costs_a_warning(local: Settings, shared_job: Manifest) -> None:
    store = open_store(local)
    store.put(object_keys.submission(shared_job.job_id, "0" * 32), b'{"name": 7}')
    store.put(object_keys.submission(shared_job.job_id, "1" * 32), b" " * 1_000_000)

    result = in_process(local, "list", "--json", "--label", "team=b")

    assert [line["submissions"] for line in result.lines] == [[ANN, BOB]]
    assert "warning: jobs/" in result.err
