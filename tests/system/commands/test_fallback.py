"""``--fallback cpu``: the CPU engine reads what the job's engine could not."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.config.settings import Settings, build_settings
from tests.support.fleets.fleet import CommandResult, in_process, pagefleet, pdf


@dataclass(frozen=True)
class Finished:
    """A finished run of a document of two pages; the fake engine fails on the second."""

    settings: Settings
    folder: Path
    result: CommandResult

    @property
    def job_id(self) -> str:
        found: str = self.result.lines[0]["job_id"]
        return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("fallback")
    pdf(folder / "book.pdf", 2)
    settings = build_settings(
        {"home": folder / "home", "engine": "fake", "fake_fail_pages": "2", "num_workers": 1}
    )
    words = ("run", str(folder / "book.pdf"), "-o", str(folder / "out"), "--fallback", "cpu")
    return Finished(settings, folder, pagefleet(settings, *words, "--json", timeout_s=240))


def test_the_document_has_the_text_of_the_page_and_no_failed_page(finished: Finished) -> None:
    line = finished.result.lines[0]
    markdown = (finished.folder / "out/book.md").read_text()

    assert (finished.result.status, line["status"], line["fallback"]) == (0, "ok", [2])
    first, second = markdown.split("<!-- page 2 -->")
    assert "fake:" in first
    assert "test 2" in second


def test_record_and_ledger_say_which_engine_failed_and_why(finished: Finished) -> None:
    document = json.loads((finished.folder / "out/book.json").read_text())

    page, entry = document["pages"][1], document["ledger"][1]
    assert (page["engine"]["name"], page["fallback"]["engine"]["name"]) == ("cpu", "fake")
    assert entry["fallback"]["code"] == "engine_failed"
    assert "fallback" not in document["pages"][0]
    assert "fallback" not in document["ledger"][0]


def test_status_and_fetch_count_the_page(finished: Finished) -> None:
    status = in_process(finished.settings, "status", finished.job_id)
    as_json = in_process(finished.settings, "status", finished.job_id, "--json")
    fetched = in_process(
        finished.settings, "fetch", finished.job_id, "-o", str(finished.folder / "fetched")
    )

    assert "0 failed, 1 read by the fallback engine" in status.out
    assert as_json.lines[0]["fallback"] == [2]
    assert "0 failed, 1 read by the fallback engine" in fetched.out


def test_the_report_gives_the_reason(finished: Finished) -> None:
    target = finished.folder / "report.html"

    in_process(finished.settings, "report", finished.job_id, "-o", str(target))

    reason = "read by cpu, because fake failed: engine_failed: the fake engine was told to fail"
    assert reason in target.read_text()
