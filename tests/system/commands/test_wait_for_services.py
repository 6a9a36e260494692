"""``--wait-for-services``: long-running commands that start while a service does not answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import BIN, environment, in_process, pagefleet, running, wait_until
from tests.support.fleets.watch_lab import document
from tests.support.fleets.watched_fleet import free_ports, get
from tests.support.servers.durable_broker import DurableBroker
from tests.support.servers.processes import RedisServer

WAIT = "--wait-for-services"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[DurableBroker]:
    """A broker whose process the test may stop."""
    (tmp_path / "broker").mkdir()
    started = DurableBroker(tmp_path / "broker")
    started.start()
    yield started
    started.kill()


def watch_words(folder: Path) -> list[str]:
    """``pagefleet watch`` of a folder with one document."""
    (folder / "inbox").mkdir()
    (folder / "inbox" / "a.pdf").write_bytes(document("waited"))
    return ["watch", str(folder / "inbox"), "--to", str(folder / "outbox"), "--settle", "0.1"]


def test_a_watcher_is_alive_and_not_ready_until_a_silent_broker_answers(
    settings: SettingsFactory, broker: DurableBroker, tmp_path: Path
) -> None:
    port = free_ports(1)
    config = settings(redis_url=broker.url, engine="fake", broker_timeout_s=2, metrics_port=port)
    words = [str(BIN / "pagefleet"), *watch_words(tmp_path), WAIT]
    broker.pause(True)
    with running(words, environment(config), tmp_path / "log") as process:
        wait_until(lambda: "does not answer" in (tmp_path / "log").read_text())

        assert get(port, "/livez") == (200, "ok\n")
        assert "waits for broker and store" in get(port, "/readyz")[1]
        assert 'errors_total{code="broker_unreachable"' in get(port, "/metrics")[1]
        assert process.poll() is None

        broker.pause(False)
        wait_until(lambda: get(port, "/readyz") == (200, "ok\n"))
        wait_until(lambda: len(in_process(config, "list", "--json").lines) == 1)
    assert process.returncode == 0


def test_flower_serves_while_the_broker_is_silent_and_connects_later(
    settings: SettingsFactory, broker: DurableBroker, tmp_path: Path
) -> None:
    port = free_ports(1)
    config = settings(
        redis_url=broker.url, broker_timeout_s=2, flower_password="open", flower_port=port
    )
    broker.pause(True)
    words = [str(BIN / "pagefleet"), "flower", WAIT]
    with running(words, environment(config), tmp_path / "log") as process:
        wait_until(lambda: get(port, "/healthcheck") == (200, "OK"))
        assert "Flower starts without the broker" in (tmp_path / "log").read_text()
        assert process.poll() is None

        broker.pause(False)
        wait_until(lambda: "Connected to redis" in (tmp_path / "log").read_text())
    assert process.returncode == 0


@pytest.mark.parametrize("command", ["watch", "flower"])
def test_without_the_option_a_silent_broker_ends_the_command_with_status_5(
    command: str, settings: SettingsFactory, broker: DurableBroker, tmp_path: Path
) -> None:
    words = watch_words(tmp_path) if command == "watch" else [command]
    broker.pause(True)

    ended = pagefleet(settings(redis_url=broker.url, engine="fake", broker_timeout_s=2), *words)

    assert ended.status == 5
    assert "error[broker_unreachable]" in ended.err


@pytest.mark.parametrize("command", ["watch", "flower"])
def test_no_command_waits_for_a_broker_that_refuses_the_password(
    command: str, settings: SettingsFactory, redis_server: RedisServer, tmp_path: Path
) -> None:
    words = watch_words(tmp_path) if command == "watch" else [command]
    wrong = redis_server.url.replace(redis_server.password, "no")

    ended = pagefleet(settings(redis_url=wrong, engine="fake"), *words, WAIT)

    assert ended.status == 5
