"""Commands name the pages of low quality, and keep their text."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.config.settings import Settings
from shared.domain import object_keys
from shared.domain.records.job import Manifest
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process
from tests.support.fleets.stored_jobs import ended_job


def judged(score: float, code: str = "repetition") -> dict[str, Any]:
    """The quality of a page as its result has it."""
    reasons = [] if score == 1 else [{"code": code, "score": score, "message": f"{code} found"}]
    return {"quality": {"score": score, "reasons": reasons}}


@pytest.fixture
def local(settings: SettingsFactory) -> Settings:
    return settings()


@pytest.fixture
def job(local: Settings) -> Manifest:
    pages = [judged(1), judged(0.3), judged(0.7, "density"), judged(0.1), {}]
    return ended_job(JobStore(open_store(local)), pages)


def test_status_counts_the_pages_of_low_quality(local: Settings, job: Manifest) -> None:
    text, as_json = (
        in_process(local, "status", job.job_id),
        in_process(local, "status", job.job_id, "--json"),
    )
    strict = in_process(local, "status", job.job_id, "--min-quality", "0.8")
    lenient = in_process(local, "status", job.job_id, "--min-quality", "0.05")

    assert "(5 ok, 0 blank, 0 failed, 2 below quality 0.5" in text.out
    assert as_json.lines[0]["low_quality"] == [2, 4]
    assert "3 below quality 0.8" in strict.out
    assert "below quality" not in lenient.out
    assert [each.status for each in (text, as_json, strict, lenient)] == [0, 0, 3, 0]


def test_fetch_writes_the_text_of_pages_of_low_quality_and_names_them(
    local: Settings, job: Manifest, tmp_path: Path
) -> None:
    words = ("fetch", job.job_id, "-o", str(tmp_path))
    plain = in_process(local, *words)
    strict = in_process(local, *words, "--min-quality", "0.8")
    as_json = in_process(local, *words, "--min-quality", "0.8", "--json")

    assert plain.status == 0
    assert "ok (5 ok, 0 blank, 0 failed, 2 below quality 0.5)" in plain.out
    assert strict.status == 3
    assert "3 below quality 0.8" in strict.out
    assert "look at pages 2-4" in strict.out
    assert (as_json.lines[0]["status"], as_json.lines[0]["low_quality"]) == ("ok", [2, 3, 4])
    assert "text of page 4" in (tmp_path / "book.md").read_text()


def test_wait_names_the_pages_of_low_quality_of_a_job_that_has_ended(
    local: Settings, job: Manifest
) -> None:
    plain = in_process(local, "wait", job.job_id)
    strict = in_process(local, "wait", job.job_id, "--min-quality", "0.8")
    as_json = in_process(local, "wait", job.job_id, "--min-quality", "0.8", "--json")

    assert (plain.status, strict.status, as_json.status) == (0, 3, 3)
    assert "below quality" not in plain.out
    assert "ok (5 ok, 0 blank, 0 failed, 3 below quality 0.8)" in strict.out
    assert "look at pages 2-4" in strict.out
    assert as_json.lines[0]["low_quality"] == [2, 3, 4]


def test_a_quality_that_cannot_be_read_is_said_and_needs_attention(
    local: Settings, job: Manifest
) -> None:
    open_store(local).delete([object_keys.document(job.job_id, "json")])

    for command in ("wait", "status"):
        plain = in_process(local, command, job.job_id)
        strict = in_process(local, command, job.job_id, "--min-quality", "0.8")

        assert (plain.status, strict.status) == (0, 3)
        assert "quality of its pages is not known" in strict.out + strict.err
        assert "fetch --min-quality" in strict.out + strict.err


def test_a_submission_that_does_not_wait_refuses_a_limit_of_quality(local: Settings) -> None:
    refused = in_process(local, "submit", "a.pdf", "--min-quality", "0.8")

    assert refused.status == 2
    assert "--wait" in refused.err


def test_the_ledger_has_the_score_and_the_page_its_reasons(
    local: Settings, job: Manifest, tmp_path: Path
) -> None:
    in_process(local, "fetch", job.job_id, "-o", str(tmp_path))
    document = JobStore(open_store(local)).document_facts(job.job_id)

    assert document is not None
    assert document.scores == {1: 1, 2: 0.3, 3: 0.7, 4: 0.1}
    pages = json.loads((tmp_path / "book.json").read_text())["pages"]
    assert pages[2]["quality"]["reasons"][0]["message"] == "density found"
    assert "quality" not in pages[4]
