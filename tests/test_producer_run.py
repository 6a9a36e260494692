"""``pagefleet run``: the whole fleet on one machine, as a person uses it."""

import hashlib
import json
import os
import signal
from pathlib import Path

import pytest

from shared.store import open_store
from tests.conftest import SettingsFactory
from tests.fleet import begin, kill, pagefleet, pages_processes, pdf, processes_of, wait_until
from tests.ledger_check import check_job


def test_run_writes_every_page_at_its_place_and_leaves_no_process(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    source = pdf(tmp_path / "my book.pdf", 5)
    made = settings(engine="fake")

    ended = pagefleet(made, "run", str(source), "-o", str(tmp_path / "out"), "--json")

    (line,) = ended.lines
    assert ended.status == 0, ended.err
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    markdown = Path(line["markdown"]).read_text()
    assert [f"fake:{digest}:{page}" in markdown for page in range(1, 6)] == [True] * 5
    assert line["counts"] == {"ok": 5, "blank": 0, "failed": 0}
    assert (tmp_path / "out" / "my book.md").read_text() == markdown
    assert json.loads((tmp_path / "out" / "my book.json").read_text())["counts"]["ok"] == 5
    assert check_job(open_store(made), line["job_id"]).status == "ok"
    wait_until(lambda: not processes_of(made), 5)


def test_the_same_document_again_does_no_work(settings: SettingsFactory, tmp_path: Path) -> None:
    source = pdf(tmp_path / "a.pdf", 2)
    made = settings(engine="fake")
    first = pagefleet(made, "run", str(source), "-o", str(tmp_path / "one"), "--json")
    broken = settings(engine="fake", fake_fail_pages="1,2")

    again = pagefleet(broken, "run", str(source), "-o", str(tmp_path / "two"), "--json")

    assert again.status == 0
    assert again.lines[0]["job_id"] == first.lines[0]["job_id"]
    assert (tmp_path / "two/a.md").read_bytes() == (tmp_path / "one/a.md").read_bytes()


def test_force_makes_a_new_job_that_answers_from_then_on(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    source = pdf(tmp_path / "a.pdf", 1)
    made, out = settings(engine="fake"), str(tmp_path / "out")
    first = pagefleet(made, "run", str(source), "-o", out, "--json").lines[0]["job_id"]

    forced = pagefleet(made, "run", str(source), "-o", out, "--json", "--force")
    later = pagefleet(made, "run", str(source), "-o", out, "--json")

    assert forced.lines[0]["job_id"] == f"{first}-2"
    assert later.lines[0]["job_id"] == f"{first}-2"


def test_one_bad_file_stops_no_other_and_decides_the_exit_status(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    good, bad = pdf(tmp_path / "good.pdf", 1), tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.7 and nothing else")
    (tmp_path / "empty.pdf").touch()
    words = [str(bad), str(good), str(tmp_path / "empty.pdf"), str(tmp_path / "missing.pdf")]

    ended = pagefleet(settings(engine="fake"), "run", *words, "-o", str(tmp_path / "out"), "--json")

    by_input = {line["input"]: line for line in ended.lines}
    assert ended.status == 4
    assert by_input[str(good)]["status"] == "ok"
    assert by_input[str(bad)]["error"]["code"] == "corrupt"
    assert by_input[str(tmp_path / "empty.pdf")]["error"]["code"] == "empty"
    assert by_input[str(tmp_path / "missing.pdf")]["error"]["code"] == "not_a_document"
    assert "Traceback" not in ended.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["good.json", "good.md"]


def test_failed_pages_make_a_partial_document_with_placeholders(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    source = pdf(tmp_path / "a.pdf", 4)
    made = settings(engine="fake", fake_fail_pages="2")

    ended = pagefleet(made, "run", str(source), "-o", str(tmp_path / "out"), "--json")

    (line,) = ended.lines
    assert (ended.status, line["status"]) == (3, "partial")
    checked = check_job(open_store(made), line["job_id"])
    assert checked.failed == {2: "engine_failed"}
    assert checked.attempts[2] == made.max_attempts
    assert "Page 2" in (tmp_path / "out/a.md").read_text()


def test_a_page_that_kills_its_worker_is_condemned_alone(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    source = pdf(tmp_path / "a.pdf", 12)
    made = settings(engine="fake", fake_crash_pages="3", fake_latency_ms=50)

    ended = pagefleet(made, "run", str(source), "-o", str(tmp_path / "out"), "--json")

    checked = check_job(open_store(made), ended.lines[0]["job_id"])
    assert checked.failed == {3: "quarantined"}
    assert checked.counts == {"ok": 11, "blank": 0, "failed": 1}


def test_too_many_failed_pages_fail_the_document_when_asked(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    source = pdf(tmp_path / "a.pdf", 4)
    made = settings(engine="fake", fake_fail_pages="1,2")
    words = ["run", str(source), "-o", str(tmp_path / "out"), "--json", "--max-failed-pages", "1"]

    ended = pagefleet(made, *words)

    assert (ended.status, ended.lines[0]["status"]) == (3, "failed")


def test_ctrl_c_stops_everything_and_the_next_run_goes_on(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    source, out = pdf(tmp_path / "a.pdf", 40), str(tmp_path / "out")
    made = settings(engine="fake", fake_latency_ms=300, max_concurrency=2)
    process = begin(made, "run", str(source), "-o", out)
    store = open_store(made)
    wait_until(lambda: len([k for k in store.list("jobs/") if "/pages/" in k]) >= 4)

    os.killpg(process.pid, signal.SIGINT)

    assert process.wait(30) == 130
    wait_until(lambda: not processes_of(made), 5)
    kept = len([key for key in store.list("jobs/") if "/pages/" in key])
    assert 4 <= kept < 40
    ended = pagefleet(settings(engine="fake"), "run", str(source), "-o", out, "--json")
    assert ended.lines[0]["counts"]["ok"] == 40
    check_job(store, ended.lines[0]["job_id"])


def test_a_killed_run_leaves_no_process(settings: SettingsFactory, tmp_path: Path) -> None:
    made = settings(engine="fake", fake_latency_ms=1000, max_concurrency=1)
    source = pdf(tmp_path / "a.pdf", 9)
    process = begin(made, "run", str(source), "-o", str(tmp_path / "out"))
    wait_until(lambda: pages_processes(made))

    kill([process.pid])
    process.wait()

    wait_until(lambda: not processes_of(made), 10)


def test_two_runs_side_by_side_both_finish(settings: SettingsFactory, tmp_path: Path) -> None:
    made = settings(engine="fake", fake_latency_ms=20)
    sources = [pdf(tmp_path / f"{name}.pdf", 8, title=name) for name in ("left", "right")]
    beside = begin(made, "run", str(sources[0]), "-o", str(tmp_path / "out"))

    ended = pagefleet(made, "run", str(sources[1]), "-o", str(tmp_path / "out"), "--json")

    assert (ended.status, beside.wait(60)) == (0, 0)
    for name in ("left", "right"):
        assert (tmp_path / f"out/{name}.md").read_text().count("fake:") == 8


def test_equal_stems_do_not_overwrite_each_other(settings: SettingsFactory, tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
    words = [str(pdf(tmp_path / folder / "a.pdf", 1, title=folder)) for folder in ("x", "y")]

    pagefleet(settings(engine="fake"), "run", *words, "-o", str(tmp_path / "out"))

    written = {path.name for path in (tmp_path / "out").glob("*.md")}
    assert written == {"a.md", "a-2.md"}


def test_standard_input_and_a_page_range(settings: SettingsFactory, tmp_path: Path) -> None:
    data = pdf(tmp_path / "a.pdf", 6).read_bytes()
    words = ["run", "-", "-o", str(tmp_path / "out"), "--pages", "2-3,6", "--json"]

    ended = pagefleet(settings(engine="fake"), *words, stdin=data)

    assert ended.lines[0]["pages"] == 3
    digest = hashlib.sha256(data).hexdigest()[:12]
    markdown = (tmp_path / "out/stdin.md").read_text()
    lines = [line for line in markdown.splitlines() if line.startswith("fake:")]
    assert lines == [f"fake:{digest}:{page}" for page in (2, 3, 6)]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--engine", "magic"], 2, "unknown engine 'magic'"),
        (["--task", "dance"], 2, "unknown task 'dance'"),
        (["--task", "locate", "--engine", "fake"], 2, "--query"),
        (["--task", "describe", "--engine", "cpu"], 2, "engines that can"),
        (["--pages", "9-12", "--engine", "fake"], 4, "outside the document"),
        (["--pages", "x", "--engine", "fake"], 2, "bad page range"),
        (["--dpi", "5"], 2, "--dpi"),
    ],
)
def test_wrong_usage_is_one_line_that_says_what_to_do(
    settings: SettingsFactory, tmp_path: Path, words: list[str], status: int, said: str
) -> None:
    source = pdf(tmp_path / "a.pdf", 2)

    ended = pagefleet(settings(), "run", str(source), "-o", str(tmp_path / "out"), *words)

    assert ended.status == status
    assert said in ended.err
    assert len(ended.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["with space.pdf", "quote'\".pdf", "-dash.pdf", "日本 ü.pdf", "a\nb.pdf"]
)
def test_strange_names_are_just_names(
    settings: SettingsFactory, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdf(tmp_path / name, 1)
    monkeypatch.chdir(tmp_path)

    ended = pagefleet(settings(engine="fake"), "run", "-o", "out", "--json", "--", name)

    assert ended.status == 0, ended.err
    assert Path(ended.lines[0]["markdown"]).is_file()
    assert Path(ended.lines[0]["markdown"]).parent == tmp_path / "out"
