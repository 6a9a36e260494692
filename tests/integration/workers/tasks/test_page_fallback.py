"""A page on which the job's engine fails is read with the fallback engine, where that is wanted."""

from pathlib import Path
from typing import Any

import pytest

from shared.broker.page_state import page_id
from shared.domain.errors import (
    HelperUnavailable,
    PagefleetError,
    RenderFailed,
    Repetition,
    Truncated,
)
from shared.domain.records.job import Manifest
from shared.domain.records.page_result import PageResult
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.stepped_fleet import SteppedFleet
from workers.engines.contract import Reading
from workers.pipeline.page_to_read import PageToRead

PAGES = 3


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> SteppedFleet:
    fleet = SteppedFleet(redis_url, tmp_path)
    fleet.settings = fleet.settings.model_copy(update={"fallback": "cpu"})
    return fleet


def result(fleet: SteppedFleet, manifest: Manifest, page: int) -> PageResult:
    found = fleet.jobs.result(manifest.job_id, page)
    assert found is not None
    return found


def failing_with(error: PagefleetError) -> Any:
    def read(page: PageToRead) -> Reading:
        raise error

    return read


def test_the_fallback_engine_reads_a_page_after_all_attempts_and_the_result_names_both(
    fleet: SteppedFleet,
) -> None:
    fleet.reader.failing = {2}

    manifest = fleet.submitted(1)
    fleet.work()

    checked, read = check_job(fleet.store, manifest.job_id), result(fleet, manifest, 2)
    assert (checked.status, checked.failed, fleet.reader.reads[page_id(manifest.job_id, 2)]) == (
        "ok", {}, 2,
    )  # fmt: skip
    assert (read.status, read.engine.name) == ("ok", "cpu")
    assert read.fallback is not None
    assert (read.fallback.engine.name, read.fallback.error.code) == ("fake", "engine_failed")
    assert result(fleet, manifest, 1).fallback is None
    assert list(fleet.fallback.reads) == [page_id(manifest.job_id, 2)]
    facts = fleet.jobs.document_facts(manifest.job_id)
    assert facts is not None
    assert facts.fallback == (2,)


@pytest.mark.parametrize("error", [Repetition("it loops"), Truncated("too long")])
def test_a_final_failure_of_the_model_goes_to_the_fallback_engine_at_once(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch, error: PagefleetError
) -> None:
    monkeypatch.setattr(fleet.reader, "read", failing_with(error))

    manifest = fleet.submitted(1)
    fleet.work()

    read = result(fleet, manifest, 3)
    assert read.fallback is not None
    assert (read.status, read.attempts, read.fallback.error.code) == ("ok", 1, error.code)


def test_a_page_that_cannot_be_rendered_is_not_given_to_the_fallback_engine(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet.reader, "read", failing_with(RenderFailed("damaged")))

    manifest = fleet.submitted(1)
    fleet.work()

    checked = check_job(fleet.store, manifest.job_id)
    assert checked.failed == dict.fromkeys(range(1, PAGES + 1), "render_failed")
    assert not fleet.fallback.reads


def test_a_job_without_the_option_keeps_its_failed_page(fleet: SteppedFleet) -> None:
    fleet.settings = fleet.settings.model_copy(update={"fallback": "none"})
    fleet.reader.failing = {2}

    manifest = fleet.submitted(1)
    fleet.work()

    assert check_job(fleet.store, manifest.job_id).failed == {2: "engine_failed"}
    assert not fleet.fallback.reads


def test_a_page_on_which_both_engines_fail_has_the_first_error_and_names_the_second(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.reader.failing = {2}
    monkeypatch.setattr(fleet.fallback, "read", failing_with(Truncated("ink and no text")))

    manifest = fleet.submitted(1)
    fleet.work()

    read = result(fleet, manifest, 2)
    assert (read.status, read.engine.name, read.fallback) == ("failed", "fake", None)
    assert read.error is not None
    assert (read.error.code, read.error.message) == (
        "engine_failed",
        "failed on request; the fallback engine failed too: ink and no text",
    )


def test_a_page_that_looks_blank_to_the_fallback_engine_stays_failed(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.reader.failing = {2}
    normal = fleet.fallback.read

    def blank(page: PageToRead) -> PageResult:
        return normal(page).model_copy(update={"status": "blank", "markdown": ""})

    monkeypatch.setattr(fleet.fallback, "read", blank)
    manifest = fleet.submitted(1)
    fleet.work()

    assert check_job(fleet.store, manifest.job_id).failed == {2: "engine_failed"}


def test_a_cancelled_page_is_not_given_to_the_fallback_engine(fleet: SteppedFleet) -> None:
    fleet.reader.failing = {1, 2, 3}
    manifest = fleet.submitted(1)
    fleet.cancel(manifest).run_out()

    fleet.work()

    checked = check_job(fleet.store, manifest.job_id)
    assert (checked.status, set(checked.failed.values())) == ("cancelled", {"cancelled"})
    assert not fleet.fallback.reads


def test_a_fault_of_the_machine_in_the_fallback_engine_costs_no_attempt(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.reader.failing = {2}
    normal, faults = fleet.fallback.read, [HelperUnavailable("no process")]

    def failing_once(page: PageToRead) -> PageResult:
        if faults:
            raise faults.pop()
        return normal(page)

    monkeypatch.setattr(fleet.fallback, "read", failing_once)
    manifest = fleet.submitted(1)
    fleet.work()

    read = result(fleet, manifest, 2)
    assert (read.status, read.engine.name, read.attempts) == ("ok", "cpu", 2)
