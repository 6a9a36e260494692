"""``pagefleet run``: the whole fleet on one machine."""

import hashlib
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.config.settings import Settings, build_settings
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import (
    CommandResult,
    in_process,
    kill,
    pagefleet,
    pages_processes,
    pdf,
    processes_of,
    start_pagefleet,
    wait_until,
)
from tests.support.fleets.ledger_check import check_job

STRANGE_NAMES = ("with space.pdf", "quote'\".pdf", "-dash.pdf", "日本 ü.pdf", "a\nb.pdf")


@dataclass(frozen=True)
class Finished:
    """A finished run that several tests examine."""

    settings: Settings
    folder: Path
    result: CommandResult

    def line(self, name: str) -> dict[str, Any]:
        """The JSON line of an input."""
        (only_line,) = (line for line in self.result.lines if line["input"] == name)
        return only_line


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One run over good, bad, oddly named and equally named documents; page 3 always fails."""
    folder = tmp_path_factory.mktemp("run")
    pdf(folder / "my book.pdf", 2)
    pdf(folder / "holes.pdf", 4)
    for name in ("x", "y"):
        (folder / name).mkdir()
        pdf(folder / name / "twin.pdf", 1, title=name)
    for name in STRANGE_NAMES:
        pdf(folder / name, 1, title=name)
    (folder / "empty.pdf").touch()
    settings = build_settings(
        {"home": folder / "home", "engine": "fake", "fake_fail_pages": "3", "num_workers": 1}
    )
    words = ["my book.pdf", "empty.pdf", "holes.pdf", "x/twin.pdf", "y/twin.pdf", *STRANGE_NAMES]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = pagefleet(settings, "run", "-o", "out", "--json", "--", *words)
    return Finished(settings, folder, result)


def test_every_page_is_written_in_order(finished: Finished) -> None:
    line = finished.line("my book.pdf")

    digest = hashlib.sha256((finished.folder / "my book.pdf").read_bytes()).hexdigest()[:12]
    markdown = Path(line["markdown"]).read_text()
    assert line["markdown"] == str(finished.folder / "out/my book.md")
    assert [f"fake:{digest}:{page}" in markdown for page in (1, 2)] == [True, True]
    assert markdown.index(":1\n") < markdown.index("<!-- page 2 -->") < markdown.index(":2\n")
    assert (line["status"], line["counts"]) == ("ok", {"ok": 2, "blank": 0, "failed": 0})
    assert json.loads((finished.folder / "out/my book.json").read_text())["counts"]["ok"] == 2
    assert check_job(open_store(finished.settings), line["job_id"]).status == "ok"


def test_a_run_says_what_it_does_before_the_first_page(finished: Finished) -> None:
    lines = finished.result.err.splitlines()

    starts = [line for line in lines if line.startswith("started")]
    assert starts == ["started a broker; starting engine fake, which loads its models first"]


def test_no_process_and_no_temporary_file_remains(finished: Finished) -> None:
    wait_until(lambda: not processes_of(finished.settings), 5)

    assert list((finished.settings.home / "tmp").iterdir()) == []


def test_a_bad_file_stops_no_other_and_sets_the_exit_code(finished: Finished) -> None:
    assert finished.result.status == 4
    assert finished.line("empty.pdf")["error"]["code"] == "empty"
    assert "empty.pdf: error[empty]" in finished.result.err
    assert not (finished.folder / "out/empty.md").exists()


def test_failed_pages_make_a_partial_document_with_placeholders(finished: Finished) -> None:
    line = finished.line("holes.pdf")

    assert (line["status"], line["counts"]["failed"]) == ("partial", 1)
    checked = check_job(open_store(finished.settings), line["job_id"])
    assert checked.failed == {3: "engine_failed"}
    assert checked.attempts[3] == finished.settings.max_attempts
    assert "Page 3" in (finished.folder / "out/holes.md").read_text()


def test_equal_stems_do_not_overwrite_each_other(finished: Finished) -> None:
    written = [Path(finished.line(f"{name}/twin.pdf")["markdown"]).name for name in ("x", "y")]

    assert written == ["twin.md", "twin-2.md"]


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_odd_file_names_are_kept(finished: Finished, name: str) -> None:
    written = Path(finished.line(name)["markdown"])

    assert written.is_file()
    assert written.parent == finished.folder / "out"


def test_the_same_document_is_not_converted_again_and_other_render_options_apply(
    finished: Finished, tmp_path: Path
) -> None:
    words = [str(finished.folder / "my book.pdf"), str(finished.folder / "holes.pdf")]
    broken = finished.settings.model_copy(update={"fake_fail_pages": frozenset(range(1, 9))})

    options = ["--max-failed-pages", "0", "--page-breaks", "none"]
    again = in_process(broken, "run", *words, "-o", str(tmp_path / "out"), "--json", *options)

    assert again.status == 3
    status = {Path(line["input"]).name: line["status"] for line in again.lines}
    assert status == {"my book.pdf": "ok", "holes.pdf": "failed"}
    assert "<!--" not in (tmp_path / "out/my book.md").read_text()
    assert (
        list((finished.settings.home / "logs").glob("run-*"))
        == sorted((finished.settings.home / "logs").glob("run-*"))[:1]
    )


def test_a_run_prints_one_line_per_document_with_its_path(
    finished: Finished, tmp_path: Path
) -> None:
    source = str(finished.folder / "my book.pdf")

    result = in_process(finished.settings, "run", source, "-o", str(tmp_path / "out"), "--quiet")

    where = tmp_path / "out/my book.md"
    assert result.out == ""
    assert result.err == f"{source}: ok (2 ok, 0 blank, 0 failed) -> {where}\n"


def test_a_page_that_kills_its_worker_is_dead_lettered_alone(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    source = pdf(tmp_path / "a.pdf", 5)
    # Each death costs the start of a process, and of another one where pages are rendered.
    config = settings(engine="fake", fake_crash_pages="3", fake_latency_ms=50, fake_render=False)

    result = in_process(config, "run", str(source), "-o", str(tmp_path / "out"), "--json")

    checked = check_job(open_store(config), result.lines[0]["job_id"])
    assert checked.failed == {3: "quarantined"}
    assert checked.counts == {"ok": 4, "blank": 0, "failed": 1}


def test_ctrl_c_stops_everything_and_the_next_run_continues(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    source, out = pdf(tmp_path / "a.pdf", 16), str(tmp_path / "out")
    config = settings(engine="fake", fake_latency_ms=300, max_concurrency=2)
    process = start_pagefleet(config, "run", str(source), "-o", out)
    store = open_store(config)
    wait_until(lambda: len([k for k in store.list("jobs/") if "/pages/" in k]) >= 4)

    os.killpg(process.pid, signal.SIGINT)

    assert process.wait(30) == 130
    wait_until(lambda: not processes_of(config), 5)
    stored = len([key for key in store.list("jobs/") if "/pages/" in key])
    assert 4 <= stored < 16
    assert list((config.home / "tmp").iterdir()) == []
    result = in_process(settings(engine="fake"), "run", "-", "-o", out, "--json",
                        stdin=source.read_bytes())  # fmt: skip
    assert result.lines[0]["counts"]["ok"] == 16
    assert (tmp_path / "out/stdin.md").read_text().count("fake:") == 16
    check_job(store, result.lines[0]["job_id"])


def test_a_killed_run_leaves_no_process_and_the_next_one_cleans_up(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings(engine="fake", fake_latency_ms=1000, max_concurrency=1, fake_render=False)
    source = pdf(tmp_path / "a.pdf", 9)
    process = start_pagefleet(config, "run", str(source), "-o", str(tmp_path / "out"))
    wait_until(lambda: pages_processes(config))

    kill([process.pid])
    process.wait()

    wait_until(lambda: not processes_of(config), 10)
    assert list((config.home / "tmp").iterdir()) != []
    in_process(config, "run", str(tmp_path / "none.pdf"), "-o", str(tmp_path / "out"))
    assert list((config.home / "tmp").iterdir()) == []


def test_two_concurrent_runs_both_finish_also_with_the_same_document(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings(engine="fake", fake_latency_ms=20, fake_render=False)
    for name in ("left", "right", "both"):
        pdf(tmp_path / f"{name}.pdf", 3, title=name)
    left, right, both = (str(tmp_path / f"{name}.pdf") for name in ("left", "right", "both"))
    beside = start_pagefleet(config, "run", both, left, "-o", str(tmp_path / "one"))

    result = pagefleet(config, "run", both, right, "-o", str(tmp_path / "two"), "--json")

    assert (result.status, beside.wait(60)) == (0, 0)
    for name in ("one/both", "one/left", "two/both", "two/right"):
        assert (tmp_path / f"{name}.md").read_text().count("fake:") == 3
    assert (tmp_path / "one/both.md").read_bytes() == (tmp_path / "two/both.md").read_bytes()
    for line in result.lines:
        check_job(open_store(config), line["job_id"])
