"""``pagefleet flower`` shows pages, queues and workers, and only after a login."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from producer.flower.view import format_task
from shared.broker.celery_app import make_app
from shared.broker.dispatch_state import DispatchState
from shared.domain.pools import checked_pool
from tests.conftest import SettingsFactory
from tests.support.console.browser import chromium, installed
from tests.support.fleets.fleet import pagefleet, pdf, wait_until, workers
from tests.support.fleets.watched_fleet import FAILED_PAGE, Watched
from tests.support.servers.processes import RedisServer, start_redis
from tests.system.monitoring.flower_browser import FlowerAtWork, flower_at_work, page_url


@pytest.fixture(scope="module")
def flower(watched: Watched, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlowerAtWork]:
    with flower_at_work(watched.settings, tmp_path_factory.mktemp("flower")) as started:
        yield started


def test_only_the_health_check_works_without_the_login(flower: FlowerAtWork) -> None:
    paths = ("/", "/tasks", "/broker", "/metrics", "/metrics/", "//metrics", "/api/workers")

    seen = {path: flower.ask(path, login=False)[0] for path in paths}

    assert [path for path, status in seen.items() if status not in (401, 404)] == []
    assert seen["/metrics"] == 401
    assert flower.ask("/healthcheck", login=False) == (200, "OK")


def test_the_generated_password_is_printed_once_and_works(flower: FlowerAtWork) -> None:
    assert flower.log.read_text().count(flower.password) == 1
    assert len(flower.password) >= 16
    assert flower.ask("/metrics")[0] == 200
    assert "flower_events_total" in flower.ask("/metrics")[1]


def test_flower_is_read_only(flower: FlowerAtWork) -> None:
    for path in ("/api/worker/shutdown/x", "/api/task/revoke/x", "/api/task/send-task/x"):
        assert flower.ask(path, method="POST")[0] == 403


def test_the_broker_page_lists_every_queue(flower: FlowerAtWork) -> None:
    status, page = flower.ask("/broker")

    assert status == 200
    for name in ("pages.fake.high", "pages.fake.normal", "pages.fake.quarantine", "reduce"):
        assert f"<td>{name}</td>" in page


def test_tasks_carry_job_page_and_outcome(flower: FlowerAtWork, watched: Watched) -> None:
    wait_until(lambda: flower.complete_tasks())

    uuid, task = next(iter(flower.complete_tasks().items()))
    job_id, _, page = uuid.partition("/p")
    assert job_id == watched.open_job
    assert int(page) != FAILED_PAGE  # an attempt that is followed by another is not complete
    assert str(task["result"]).strip("'") == "ok"
    assert f"job_id={job_id} page={int(page)}" in str(task["kwargs"])
    assert str(task["routing_key"]) == "pages.fake.normal"


@pytest.mark.skipif(installed() is None, reason="chromium is not installed")
def test_a_browser_shows_pages_by_job_with_queue_wait_and_outcome(
    flower: FlowerAtWork, watched: Watched
) -> None:
    wait_until(lambda: len(flower.complete_tasks()) > 20)

    shown = chromium(page_url(flower, "/tasks"), "--dump-dom")

    for heading in ("Job / page", "Outcome", "Queue", "Waited"):
        assert f">{heading}</th>" in shown
    assert f"{watched.open_job}/p0" in shown
    assert "<td>pages.fake.normal</td>" in shown
    assert " s</td>" in shown


def test_a_forged_event_does_not_break_the_list_of_tasks(
    flower: FlowerAtWork, watched: Watched
) -> None:
    forged = {"uuid": "forged", "_serializer_handlers": "x", "routing_key": ["<b>"], "name": "n"}
    with make_app(watched.settings).events.default_dispatcher() as events:
        events.send("task-received", **forged)
        events.send("task-started", **forged)

    wait_until(lambda: "forged" in flower.ask("/api/tasks?limit=500")[1])
    tasks = json.loads(flower.ask("/api/tasks?limit=500")[1])
    assert tasks["forged"]["routing_key"] == "['<b>']"
    wait_until(lambda: flower.complete_tasks())


def test_a_failed_page_counts_as_a_failed_task(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config = settings(
        redis_url=redis_url, engine="fake", num_workers=1, max_attempts=2, fake_fail_pages="2"
    )
    document = str(pdf(tmp_path / "fails.pdf", 2))
    with workers(config, tmp_path / "log"), flower_at_work(config, tmp_path) as flower:
        (line,) = pagefleet(config, "submit", document, "--wait", "--json").lines

        assert line["counts"]["failed"] == 1
        page = f"{line['job_id']}/p000002"
        wait_until(lambda: page in flower.failures())
        assert "failed engine_failed" in flower.failures()[page]["exception"]
        wait_until(lambda: flower.failed_tasks() > 0, 10)  # Flower counts after it stored the task
        assert flower.failed_tasks() == 1


def test_the_broker_page_lists_an_engine_that_appeared_later(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config = settings(redis_url=redis_url)
    with flower_at_work(config, tmp_path) as started:
        assert "pages.cpu.high" not in started.ask("/broker")[1]

        DispatchState(config).pools.declare([checked_pool("cpu")])

        assert "<td>pages.cpu.high</td>" in started.ask("/broker")[1]


@pytest.fixture
def lone_broker(tmp_path: Path) -> Iterator[RedisServer]:
    """A broker that its test may pause or kill."""
    server = start_redis(tmp_path)
    yield server
    server.stop()


@pytest.mark.parametrize("silent", [False, True])
def test_sigterm_ends_flower_while_the_broker_is_away(
    settings: SettingsFactory, lone_broker: RedisServer, tmp_path: Path, silent: bool
) -> None:
    with flower_at_work(settings(redis_url=lone_broker.url), tmp_path) as started:
        wait_until(lambda: started.ask("/broker")[0] == 200)
        os.kill(lone_broker.process.pid, signal.SIGSTOP if silent else signal.SIGKILL)
        started.ask("/workers?refresh=1")
        time.sleep(1)  # Flower is then inside a try to reach the broker, which it does not show

        begun = time.monotonic()
        assert started.stop() == 0
        assert time.monotonic() - begun < 10


def test_sigterm_stops_flower_in_order(watched: Watched, tmp_path: Path) -> None:
    with flower_at_work(watched.settings, tmp_path, "--", "--url_prefix=flower") as prefixed:
        assert prefixed.ask("/flower/metrics", login=False)[0] == 401
        assert prefixed.ask("/flower/tasks")[0] == 200

        assert prefixed.stop() == 0
    assert "Traceback" not in prefixed.log.read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--", "--no-such-option=1"], "no-such-option"),
        (["--", "stray"], "stray"),
    ],
)
def test_wrong_options_give_one_error_line(
    watched: Watched, words: list[str], message: str
) -> None:
    result = pagefleet(watched.settings, "flower", *words)

    assert (result.status, len(result.err.strip().splitlines())) == (2, 1)
    assert message in result.err


def test_flower_without_a_broker_reports_the_next_step(settings: SettingsFactory) -> None:
    result = pagefleet(settings(redis_url="redis://127.0.0.1:1/0"), "flower")

    assert result.status == 5
    assert "PAGEFLEET_REDIS_URL" in result.err


def test_waiting_time_is_from_publishing_to_start() -> None:
    task = SimpleNamespace(args="()", result="'ok'", sent=10.0, started=12.5)

    formatted = format_task(task)

    assert (formatted.args, formatted.result) == ("2.50 s", "ok")


def test_the_outcome_of_a_failed_page_is_its_code() -> None:
    exception = "PageFailed('failed truncated')"
    task = SimpleNamespace(args="()", result=None, exception=exception, sent=None, started=None)

    assert format_task(task).result == "failed truncated"
