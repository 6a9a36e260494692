"""Names and messages of others cannot control the terminal of a person who runs a command."""

import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.snapshots.fleet_snapshot import FAILURES_KEY
from shared.config.settings import Settings
from shared.console.json_lines import JsonLines, Secrets
from shared.domain.records.job import Source
from shared.domain.records.page_result import ErrorInfo
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import CommandResult, in_process, pdf
from tests.support.fleets.stored_jobs import ended_job, open_job
from workers.observability.logs import HumanLines

HOSTILE = "a\x1b]0;pwned\x07\x1b[2J\x9b31m\u202efdp.exe\u2066\u200f\nforged line"


@pytest.fixture
def config(settings: SettingsFactory, redis_url: str) -> Settings:
    """A store and a broker with jobs whose names and messages are hostile."""
    made = settings(redis_url=redis_url, engine="fake")
    jobs = JobStore(open_store(made))
    source = Source(name=HOSTILE, key="source.pdf", bytes=1)
    error = ErrorInfo(code="engine_failed", message=HOSTILE)
    ended_job(jobs, [{"status": "failed", "markdown": "", "error": error}], source=source)
    open_job(jobs, 1, source=source, sha256="b" * 64, labels={"k": HOSTILE})
    facts = {"model": HOSTILE, "host": HOSTILE, "failed": HOSTILE}
    DispatchState(made).workers.heartbeat("fake", HOSTILE, 4, facts)
    failure = {"time": time.time(), "job_id": HOSTILE, "page": 7, "engine": HOSTILE}
    with redis.Redis.from_url(redis_url) as client:
        client.sadd("pagefleet:engines", "fake")
        client.lpush(FAILURES_KEY, json.dumps({**failure, "code": HOSTILE, "message": HOSTILE}))
    return made


COMMANDS = [
    "failures",
    "failures --json",
    "list",
    "list --json",
    "status",
    "status --json",
    "status {job}",
    "wait {job}",
    "wait {job} --json",
    "fetch {job} -o {folder}",
    "fetch {job} -o {folder} --json",
    "top --once",
    "top --json",
    "doctor",
    "doctor --json",
    "retry {job}",
    "purge {job} --json",
    "cancel {hostile}",
    "report {hostile} -o x.html",
]


def assert_printable(result: CommandResult) -> None:
    """Both outputs consist of printable characters and line feeds."""
    for text in (result.out, result.err):
        assert [line for line in text.split("\n") if not line.isprintable()] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_prints_only_printable_characters(
    command: str, config: Settings, tmp_path: Path
) -> None:
    jobs = JobStore(open_store(config))
    (job,) = (each for each in jobs.job_ids() if jobs.done(each) is not None)
    words = {"job": job, "folder": str(tmp_path / "out"), "hostile": HOSTILE}

    result = in_process(config, *(word.format(**words) for word in command.split()))

    assert result.out + result.err
    assert_printable(result)


def test_json_keeps_the_names_and_messages(config: Settings) -> None:
    (failure,) = in_process(config, "failures", "--json").lines
    (top,) = in_process(config, "top", "--json").lines

    assert (failure["name"], failure["message"]) == (HOSTILE, HOSTILE)
    assert top["failures"][0]["message"] == HOSTILE
    assert {each["name"] for each in in_process(config, "list", "--json").lines} == {HOSTILE}


@pytest.mark.parametrize("more", [(), ("--json",), ("--dry-run",), ("--dry-run", "--json")])
def test_submit_prints_a_hostile_name_printably(
    config: Settings, tmp_path: Path, more: tuple[str, ...]
) -> None:
    good = pdf(tmp_path / f"{HOSTILE}.pdf".replace("/", ""), 1)
    bad = tmp_path / f"{HOSTILE} bad.pdf"
    bad.touch()

    result = in_process(config, "submit", str(good), str(bad), *more)

    assert result.status == 4
    assert_printable(result)


def test_run_and_watch_print_a_hostile_name_printably(
    config: Settings, settings: SettingsFactory, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    pdf(inbox / f"{HOSTILE}.pdf", 1)
    local = settings(engine="fake", num_workers=1, home=tmp_path / "home")
    out = str(tmp_path / "out")

    ran = in_process(local, "run", str(inbox / f"{HOSTILE}.pdf"), "-o", out)
    (inbox / f"{HOSTILE} bad.pdf").write_bytes(b"no document")
    watched = in_process(config, "watch", str(inbox), "--once", "--json", "--settle", "0")
    told = in_process(config, "watch", str(inbox), "--once", "--settle", "0")

    for result in (ran, watched, told):
        assert_printable(result)
    assert ran.status == 0
    assert "1 ok" in ran.out + ran.err
    assert all("event" in line for line in watched.lines)


@pytest.mark.parametrize("message", [HOSTILE, f"name {HOSTILE}"])
def test_log_lines_of_a_worker_are_printable(settings: SettingsFactory, message: str) -> None:
    secrets = Secrets(settings())
    values: dict[str, Any] = {"msg": message, "about": {"job": HOSTILE, "page": HOSTILE}}
    record = logging.makeLogRecord(values)

    assert HumanLines(secrets).format(record).isprintable()
    line = JsonLines(secrets, HOSTILE).format(record)
    assert line.isprintable()
    assert json.loads(line)["message"] == message


def test_a_log_line_of_the_producer_is_printable(
    config: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    in_process(config, "list")
    assert logging.lastResort is not None

    shown = logging.lastResort.format(logging.makeLogRecord({"msg": HOSTILE}))

    assert shown.isprintable()
