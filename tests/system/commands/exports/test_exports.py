"""``--to``: other formats beside Markdown, written at the edge from the stored page results."""

import json
from pathlib import Path

import pytest

from producer.delivery import export_packages
from shared.config.hardware import has_package
from shared.config.settings import Settings
from shared.domain.formats.export_formats import EXPORT_FORMATS, FORMAT_NAMES
from shared.domain.records.job import Manifest
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process, pdf
from tests.support.fleets.stored_jobs import ended_job

TABLE = "<table><tr><td>a</td><td>b</td></tr></table>"
#: Formats that need no other package.
PLAIN = "html,epub,jsonl"


@pytest.fixture
def local(settings: SettingsFactory) -> Settings:
    """A store without a broker."""
    return settings(engine="fake")


@pytest.fixture
def job(local: Settings) -> Manifest:
    """A finished job of two pages."""
    pages = [{"markdown": f"# Title\n\n{TABLE}"}, {"markdown": "Words of $x$."}]
    return ended_job(JobStore(open_store(local)), pages)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_fetch_writes_the_chosen_files_and_always_the_record(
    local: Settings, job: Manifest, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    result = in_process(local, "fetch", job.job_id, "-o", str(out), "--to", PLAIN, "--json")

    assert result.status == 0, result.err
    assert names_in(out) == ["book.epub", "book.html", "book.json", "book.jsonl"]
    assert result.lines[0]["markdown"] is None


def test_without_to_the_files_are_those_of_before(
    local: Settings, job: Manifest, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    result = in_process(local, "fetch", job.job_id, "-o", str(out), "--json")

    assert names_in(out) == ["book.json", "book.md"]
    assert result.lines[0]["markdown"] == str(out / "book.md")
    stored = JobStore(open_store(local)).store.get(f"jobs/{job.job_id}/document.md")
    assert (out / "book.md").read_bytes() == stored


def test_a_second_fetch_with_other_options_reads_no_page_again(
    local: Settings, job: Manifest, tmp_path: Path
) -> None:
    fetch = ("fetch", job.job_id, "-o", str(tmp_path))
    store = JobStore(open_store(local)).store
    before = {key: store.get(key) for key in store.list(f"jobs/{job.job_id}/")}

    in_process(local, *fetch)
    words = ("--to", "md,html", "--tables", "pipe", "--math", "latex")
    result = in_process(local, *fetch, *words)

    assert result.status == 0, result.err
    assert names_in(tmp_path)[:3] == ["book.html", "book.json", "book.md"]
    text = (tmp_path / "book.md").read_text()
    assert "| a | b |\n| --- | --- |" in text
    assert r"\(x\)" in text
    assert before == {key: store.get(key) for key in store.list(f"jobs/{job.job_id}/")}


def test_chunks_are_a_second_file_of_jsonl(local: Settings, job: Manifest, tmp_path: Path) -> None:
    words = ("--to", "jsonl", "--chunks", "--chunk-chars", "200")

    in_process(local, "fetch", job.job_id, "-o", str(tmp_path), *words)

    (line,) = (tmp_path / "book.chunks.jsonl").read_text().splitlines()
    assert json.loads(line)["metadata"]["headings"] == ["Title"]
    assert json.loads((tmp_path / "book.jsonl").read_text())["id"] == job.job_id


def test_run_writes_every_format_that_is_installed(local: Settings, tmp_path: Path) -> None:
    installed = [each.name for each in EXPORT_FORMATS if all(map(has_package, each.modules))]
    pdf(tmp_path / "a.pdf", 2)
    out = tmp_path / "out"

    result = in_process(
        local, "run", str(tmp_path / "a.pdf"), "-o", str(out), "--to", ",".join(["md", *installed])
    )

    assert result.status == 0, result.err
    suffixes = [each.suffix for each in EXPORT_FORMATS if each.name in installed]
    assert {"a.md", "a.json", *(f"a.{suffix}" for suffix in suffixes)} <= set(names_in(out))
    for suffix in suffixes:
        assert (out / f"a.{suffix}").stat().st_size > 0


@pytest.mark.parametrize("command", ["run", "fetch"])
def test_a_missing_package_is_named_before_any_page_runs(
    local: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(export_packages, "has_package", lambda _: False)

    result = in_process(local, command, "x.pdf", "-o", str(tmp_path / "out"), "--to", "docx")

    assert result.status == 2
    assert "--to docx needs a package that is not installed" in result.err
    assert "pip install 'pagefleet[docx]'" in result.err
    assert result.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--to", "odt"), f"--to odt is unknown; choose from {', '.join(FORMAT_NAMES)}"),
        (("--chunks",), "--chunks needs --to jsonl"),
        (("--to", "jsonl", "--chunk-chars", "500"), "--chunk-chars needs --chunks"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    local: Settings, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    result = in_process(local, "fetch", "x", "-o", str(tmp_path / "out"), *words)

    assert result.status == 2
    assert message in result.err


def test_files_of_another_document_are_not_replaced(
    local: Settings, job: Manifest, tmp_path: Path
) -> None:
    (tmp_path / "book.html").write_text("mine")

    in_process(local, "fetch", job.job_id, "-o", str(tmp_path), "--to", "html")

    assert (tmp_path / "book.html").read_text() == "mine"
    assert (tmp_path / "book-2.html").exists()
