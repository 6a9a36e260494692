"""A fleet with two brokers and one store: a fault of one shard leaves the other untouched."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.domain.errors import ExitCode
from tests.support.fleets.fleet import wait_until
from tests.system.shards.two_fleets import Shards, two_fleets

#: Seconds in which a command answers though a broker is silent.
ANSWERS_S = 20


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shards]:
    with two_fleets(tmp_path_factory.mktemp("shards")) as made:
        yield made


def test_jobs_are_shared_out_and_each_command_sees_all(shards: Shards) -> None:
    parts = shards.submit(10, pages=2)
    job_ids = [*parts[0], *parts[1]]
    assert shards("wait", *job_ids).status == ExitCode.OK
    shards.check(job_ids)
    for number in (0, 1):
        assert shards.readings(number, parts[number]) == {1}
        assert shards.readings(number, parts[1 - number]) == {0}
    assert set(job_ids) <= {line["job_id"] for line in shards("list", "--json").lines}
    assert [line["workers"] for line in shards("pools", "--json").lines] == [2]
    top = shards("top", "--json").lines[0]
    assert [pool["workers"] for pool in top["pools"]] == [2]
    checks = {line["name"]: line["verdict"] for line in shards("doctor", "--json").lines}
    assert {checks[f"{name} {n}"] for name in ("broker", "workers") for n in (0, 1)} == {"ok"}


def test_a_watcher_delivers_the_documents_of_both_shards_once(shards: Shards) -> None:
    inbox, out = shards.folder / "inbox", shards.folder / "out"
    inbox.mkdir()
    for path in map(Path, shards.documents(8, pages=1)):
        path.rename(inbox / path.name)
    words = ("watch", str(inbox), "--to", str(out), "--once", "--settle", "0", "--after", "keep")
    assert shards(*words).status == ExitCode.OK
    written = {path: path.stat().st_mtime_ns for path in out.rglob("*.md")}
    assert len(written) == 8
    assert shards(*words).status == ExitCode.OK
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.md")} == written


def test_a_silent_broker_stops_only_its_own_jobs(shards: Shards) -> None:
    parts = shards.submit(10, pages=12)
    wait_until(lambda: shards.done(parts[0]) or shards.done(parts[1]))
    with shards.stopped(1):
        shards.wait(parts[0])
        started = time.monotonic()
        pools, status = shards("pools", "--json"), shards("status", *parts[0], *parts[1])
        refused = shards("submit", *shards.documents(10, pages=1), "--json")
        assert time.monotonic() - started < ANSWERS_S
    assert pools.status == ExitCode.UNREACHABLE
    assert pools.lines[0]["workers"] == 1
    assert pools.err.count("shard 1: broker") == 1
    assert status.status == ExitCode.OK
    assert refused.status == ExitCode.UNREACHABLE
    accepted = [line["job_id"] for line in refused.lines if line["error"] is None]
    messages = [line["error"]["message"] for line in refused.lines if line["error"] is not None]
    assert accepted
    assert messages
    assert len(accepted) + len(messages) == 10
    assert all("shard 1: broker" in message for message in messages)
    shards.wait([*parts[1], *accepted])
    shards.check([*parts[0], *parts[1], *accepted])
    assert shards.readings(0, [*parts[0], *accepted]) == {1}
    assert shards.readings(0, parts[1]) == {0}


def test_a_broker_that_lost_its_data_gets_only_its_own_jobs_back(shards: Shards) -> None:
    parts = shards.submit(10, pages=12)
    with shards.killed(1):
        shards.wait(parts[0])
    shards.wait(parts[1])
    shards.check([*parts[0], *parts[1]])
    assert shards.readings(0, parts[0]) == {1}
    assert shards.readings(0, parts[1]) == {0}
    assert shards.readings(1, parts[0]) == {0}


def test_a_changed_order_of_the_list_is_refused(shards: Shards) -> None:
    reversed_list = ",".join(each.url for each in reversed(shards.redis))
    result = shards.fleet("pools", redis_url=reversed_list)
    assert result.status == ExitCode.UNREACHABLE
    assert "restore the order of the list" in result.err
