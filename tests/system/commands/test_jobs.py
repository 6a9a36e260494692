"""status, list, wait, fetch, cancel, retry, failures and purge on a real fleet."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from producer.commands import change_jobs
from shared.broker.dispatch_state import DispatchState
from shared.domain.records.job import Done, Manifest
from shared.jobs.cancelling import JobResumed, cancel_job
from shared.jobs.job_store import JobStore
from shared.jobs.purging import remove
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.console.terminal import Terminal
from tests.support.fleets.fleet import BIN, Fleet, environment, fleet, in_process, pdf, wait_until
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.stored_jobs import ended_job, open_job


def submit(running: Fleet, path: Path, *words: str) -> str:
    result = running("submit", str(path), *words)
    assert result.status == 0, result.err
    return result.out.strip()


@pytest.fixture(scope="module")
def slow_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """About twenty pages a second."""
    folder = tmp_path_factory.mktemp("slow")
    values = {"fake_latency_ms": 100, "max_concurrency": 2, "num_workers": 1, "fake_render": False}
    with fleet(folder, **values) as running:
        yield running


def test_status_shows_progress_speed_and_time_left(slow_fleet: Fleet, tmp_path: Path) -> None:
    job_id = submit(slow_fleet, pdf(tmp_path / "long.pdf", 2000), "--label", "kind=long")

    def running() -> dict[str, object] | None:
        (line,) = slow_fleet("status", job_id, "--json").lines
        return line if line["status"] == "running" and line["done"] > 5 else None

    wait_until(running)
    line = running()
    assert line is not None
    remaining = 2000 - line["done"]  # type: ignore[operator]
    assert 1 < line["pages_per_s"] < 25  # type: ignore[operator]
    assert line["eta_s"] == pytest.approx(remaining / line["pages_per_s"], rel=0.2)  # type: ignore[operator]
    assert line["labels"] == {"kind": "long"}
    text = slow_fleet("status", job_id)
    assert "running" in text.out
    assert "pages/s, eta" in text.out
    assert text.err == ""

    started = time.monotonic()
    cancelled = slow_fleet("cancel", job_id, "--json").lines[0]

    assert time.monotonic() - started < 60
    assert cancelled["status"] == "cancelled"
    assert sum(cancelled["counts"].values()) == 2000
    checked = check_job(open_store(slow_fleet.settings), job_id)
    assert set(checked.failed.values()) == {"cancelled"}
    waited = slow_fleet("wait", job_id, "--json")
    assert (waited.status, waited.lines[0]["status"]) == (3, "cancelled")
    assert waited.lines[0]["error"]["code"] == "cancelled"


def test_a_terminal_shows_pages_speed_and_time_left_and_then_only_the_result(
    slow_fleet: Fleet, tmp_path: Path
) -> None:
    source = pdf(tmp_path / "shown.pdf", 60)
    command = [str(BIN / "pagefleet"), "submit", str(source), "--wait"]

    with Terminal(command, environment(slow_fleet.settings), 120, 12) as terminal:
        terminal.wait_for("pages/s")
        during = terminal.text
        status = terminal.end()
        after = terminal.text

    assert status == 0
    assert re.search(r"shown\.pdf .* \d+/60 +pages +\d+\.\d pages/s .*eta 0:00:\d\d", during)
    assert "shown.pdf: ok (60 ok, 0 blank, 0 failed) -> file:///" in after.replace("\n", "")
    assert "pages/s" not in after


def test_results_go_to_standard_output_while_bars_are_shown(
    slow_fleet: Fleet, tmp_path: Path
) -> None:
    source = pdf(tmp_path / "piped.pdf", 1)
    parent_end, child_end = os.openpty()

    result = subprocess.run(
        [str(BIN / "pagefleet"), "submit", str(source), "--wait", "--json"],
        env={**environment(slow_fleet.settings), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=child_end,
        timeout=60,
        check=True,
    )

    os.close(child_end)
    os.close(parent_end)
    assert json.loads(result.stdout)["status"] == "ok"


def test_status_warns_of_open_jobs_without_a_worker(fake_fleet: Fleet, tmp_path: Path) -> None:
    job_id = submit(fake_fleet, pdf(tmp_path / "a.pdf", 1, title="idle"), "--engine", "openai")

    shown = fake_fleet("status")

    assert f"{job_id}  waiting    0/1 pages" in shown.out
    assert "warning: no live worker serves engine 'openai'" in shown.err
    late = fake_fleet("wait", job_id, "--timeout", "0.1")
    assert (late.status, late.out) == (6, "")
    assert f"error[timed_out]: 1 of 1 jobs have not ended in 0.1 s: {job_id}" in late.err
    refused = fake_fleet("purge", job_id)
    assert (refused.status, "cancel it before" in refused.err) == (2, True)
    assert fake_fleet("retry", job_id).status == 2
    fake_fleet("cancel", job_id)


def test_a_job_that_is_submitted_again_does_not_stop_the_cancel_of_others(
    fake_fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("first", "second")
    jobs = [
        submit(fake_fleet, pdf(tmp_path / f"{name}.pdf", 1, title=name), "--engine", "openai")
        for name in names
    ]

    def submitted_again(
        manifest: Manifest, job_store: JobStore, dispatch_state: DispatchState | None
    ) -> Done:
        if manifest.job_id == jobs[0]:
            raise JobResumed(manifest.job_id)
        return cancel_job(manifest, job_store, dispatch_state)

    monkeypatch.setattr("producer.commands.change_jobs.cancel_job", submitted_again)
    result = in_process(fake_fleet.settings, "cancel", *jobs, "--json")
    monkeypatch.undo()

    assert result.status == 2
    assert [line["job_id"] for line in result.lines] == jobs[1:]
    assert f"job {jobs[0]} was submitted again" in result.err
    assert fake_fleet("cancel", *jobs).status == 0


def test_retry_runs_only_the_failed_pages_again(fake_fleet: Fleet, tmp_path: Path) -> None:
    source = pdf(tmp_path / "a.pdf", 4, title="retry")
    job_id = fake_fleet("submit", str(source), "--wait", "--json").lines[0]["job_id"]
    store = open_store(fake_fleet.settings)
    good = store.get(f"jobs/{job_id}/pages/000001.json")

    retried = fake_fleet("retry", job_id, "--json")
    result = fake_fleet("wait", job_id)

    assert retried.lines == [{"job_id": job_id, "retried": 1}]
    assert result.status == 3
    assert store.get(f"jobs/{job_id}/pages/000001.json") == good
    assert check_job(store, job_id).failed == {3: "engine_failed"}


def test_a_purged_job_is_removed_and_unknown_to_every_command(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    job_id = submit(fake_fleet, pdf(tmp_path / "a.pdf", 1, title="gone"))
    fake_fleet("wait", job_id)
    fake_fleet("purge", job_id)

    result = fake_fleet("wait", job_id)

    assert result.status == 2
    assert f"there is no job {job_id}" in result.err
    assert list(open_store(fake_fleet.settings).list(f"jobs/{job_id}/")) == []


def test_doctor_names_the_live_workers(fake_fleet: Fleet) -> None:
    wait_until(lambda: fake_fleet("doctor").status == 0)
    result = fake_fleet("doctor", "--json")

    checks = {line["name"]: line for line in result.lines}
    assert result.status == 0, result.out
    assert {"versions", "disk", "broker", "store", "workers"} <= set(checks)
    assert "fake" in checks["workers"]["found"]
    assert "-control-1" in checks["reducer"]["found"]
    assert "-control-1" in checks["sweeper"]["found"]
    secret = str(fake_fleet.settings.broker_url()).split("@")[0].rsplit(":", 1)[1]
    assert secret not in result.out


def test_doctor_fails_where_nothing_writes_documents_or_repairs(
    settings: SettingsFactory, redis_url: str
) -> None:
    config = settings(redis_url=redis_url)

    result = in_process(config, "doctor", "--json")
    text = in_process(config, "doctor").out
    (facts,) = in_process(config, "top", "--json").lines

    found = {line["name"]: line for line in result.lines}
    assert result.status == 5
    assert [found[name]["verdict"] for name in ("reducer", "sweeper")] == ["error", "error"]
    assert "no reducer serves this fleet" in text
    assert "pagefleet-worker start --roles sweep" in text
    assert (facts["processes"], facts["unwritten_jobs"]) == ([], 0)
    assert "no reducer  no sweeper  watchers 0" in in_process(config, "top", "--once").out


def test_status_list_fetch_and_failures_work_from_the_store_alone(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings()
    jobs = JobStore(open_store(config))
    bad = {"status": "failed", "error": {"code": "repetition", "message": "it went on and on"}}
    ended_id = ended_job(jobs, [{}, bad, {}], labels={"batch": "7"}).job_id
    open_id = open_job(jobs, 2, sha256="b" * 64).job_id

    (status,) = in_process(config, "status", ended_id, "--json").lines
    listed = in_process(config, "list", "--json").lines
    (failure,) = in_process(config, "failures", ended_id, "--json").lines
    fetched = in_process(config, "fetch", ended_id, "-o", str(tmp_path / "out"), "--json")

    assert (status["status"], status["done"], status["counts"]["failed"]) == ("partial", 3, 1)
    assert [line["job_id"] for line in listed] == [open_id, ended_id]
    assert [line["status"] for line in listed] == ["waiting", "partial"]
    by_label = in_process(config, "list", "--json", "--label", "batch=7").lines
    assert [line["job_id"] for line in by_label] == [ended_id]
    assert in_process(config, "list", "--label", "batch=8").out == ""
    assert (failure["page"], failure["code"]) == (2, "repetition")
    assert fetched.status == 3
    assert fetched.lines[0]["markdown"] == str(tmp_path / "out/book.md")
    assert "text of page 3" in (tmp_path / "out/book.md").read_text()
    assert "open jobs make no progress" in in_process(config, "status").err


def test_fetch_applies_render_options_and_does_not_change_the_job(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings()
    jobs = JobStore(open_store(config))
    job_id = ended_job(jobs, [{}, {}]).job_id
    stored = jobs.store.get(f"jobs/{job_id}/document.md")

    in_process(config, "fetch", job_id, "-o", str(tmp_path / "rule"), "--page-breaks", "rule")
    in_process(config, "fetch", job_id, "-o", str(tmp_path / "none"), "--page-breaks", "none")
    in_process(config, "fetch", job_id, "-o", str(tmp_path / "same"))

    rule, none, same = ((tmp_path / n / "book.md").read_text() for n in ("rule", "none", "same"))
    assert "\n---\n" in rule
    assert "<!--" not in rule
    assert "---" not in none
    assert "<!--" not in none
    assert same.encode() == stored == jobs.store.get(f"jobs/{job_id}/document.md")
    assert same.count("<!-- page") == 2


def test_a_job_with_an_unreadable_manifest_does_not_hide_others(settings: SettingsFactory) -> None:
    config = settings()
    jobs = JobStore(open_store(config))
    good = ended_job(jobs).job_id
    jobs.store.put(f"jobs/{'c' * 16}-{'0' * 8}/job.json", b'{"schema": 9}')

    result = in_process(config, "list")

    assert result.status == 0
    assert result.out.startswith(good)
    assert len(result.err.splitlines()) == 1
    assert "job.json" in result.err


def test_purge_by_age_removes_old_ended_jobs_only(
    settings: SettingsFactory,
) -> None:
    config = settings()
    jobs = JobStore(open_store(config))
    young = ended_job(jobs).job_id
    waiting = open_job(jobs, 1, sha256="b" * 64).job_id
    old = ended_job(jobs, sha256="c" * 64)
    aged = json.loads(jobs.store.get(f"jobs/{old.job_id}/job.json"))
    aged["created"] -= 3 * 86_400
    jobs.store.put(f"jobs/{old.job_id}/job.json", json.dumps(aged).encode())

    result = in_process(config, "purge", "--older-than", "2", "--json")

    assert result.lines == [{"job_id": old.job_id, "purged": True}]
    assert sorted(jobs.job_ids()) == sorted([young, waiting])


def test_a_job_that_is_retried_during_a_purge_is_not_purged(
    settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings()
    jobs = JobStore(open_store(config))
    first, second = sorted(
        (ended_job(jobs, sha256=digit * 64) for digit in "ab"), key=lambda each: each.job_id
    )

    def remove_slowly(job_store: JobStore, job_id: str, stalled_s: float) -> None:
        remove(job_store, job_id, stalled_s)
        jobs.reopen(second, [1])

    monkeypatch.setattr(change_jobs, "remove", remove_slowly)

    result = in_process(config, "purge", "--older-than", "0", "--json")

    assert result.lines == [{"job_id": first.job_id, "purged": True}]
    assert list(jobs.job_ids()) == [second.job_id]
    assert f"{second.job_id} was submitted or retried meanwhile" in result.err


@pytest.mark.parametrize(
    "words",
    [["status", "x"], ["wait", "../../etc"], ["fetch", "0" * 16 + "-" + "0" * 8, "-o", "out"]],
)
def test_an_unknown_job_is_a_usage_error_in_one_line(
    settings: SettingsFactory, tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = in_process(settings(), *words)

    assert result.status == 2
    assert len(result.err.splitlines()) == 1
    assert list(tmp_path.glob("out/*")) == []
