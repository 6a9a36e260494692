"""Metrics, health and logs of a running ``pagefleet watch``."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleets.fleet import BIN, environment, wait_until
from tests.support.fleets.watch_lab import Lab, document
from tests.support.fleets.watched_fleet import free_ports, get, samples


@dataclass(frozen=True)
class Watch:
    """A watcher process and what it serves."""

    inbox: Path
    port: int
    log: Path
    beats: Path
    process: "subprocess.Popen[bytes]"

    def value(self, name: str, **labels: str) -> float:
        """A sample of the watcher; -1 while it does not exist."""
        wanted = {"fleet": "watched", "source": f"file://{self.inbox}/", **labels}
        found = samples(self.port)
        return found.get((f"pagefleet_watch_{name}", frozenset(wanted.items())), -1)

    def errors(self) -> float:
        """The errors that the watcher survived."""
        found = samples(self.port).items()
        return sum(v for (name, _), v in found if name == "pagefleet_watch_errors_total")


@contextmanager
def running(lab: Lab, folder: Path, **changes: Any) -> Iterator[Watch]:
    """``pagefleet watch`` on a folder, with metrics and JSON logs."""
    inbox, port, beats = folder / "inbox", free_ports(1), folder / "beats"
    inbox.mkdir()
    update = {"metrics_port": port, "log_format": "json", "heartbeat_dir": beats, **changes}
    settings = lab.settings.model_copy(update={"fleet": "watched", **update})
    words = ["watch", str(inbox), "--to", str(folder / "outbox"), "--settle", "0.1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(BIN / "pagefleet"), *words, "--period", "1"],
            env=environment(settings), stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield Watch(inbox, port, folder / "log", beats, process)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def watch(folder_fleet: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """A watcher that has delivered one document and refused another file."""
    with running(folder_fleet, tmp_path_factory.mktemp("watch")) as started:
        wait_until(lambda: get(started.port, "/readyz")[0] == 200)
        (started.inbox / "good.pdf").write_bytes(document("counted"))
        (started.inbox / "bad.pdf").write_bytes(b"")
        wait_until(lambda: started.value("files_total", event="delivered") == 1)
        wait_until(lambda: started.value("files_total", event="refused") == 1)
        yield started


def test_files_are_counted_by_what_happened_to_them(watch: Watch) -> None:
    assert watch.value("files_total", event="seen") == 2
    assert watch.value("files_total", event="queued") == 1
    assert watch.value("files_total", event="abandoned") == 0
    wait_until(lambda: watch.value("open_files") == 0)
    assert watch.value("oldest_open_seconds") == 0
    assert watch.value("waiting_files") == 0
    assert watch.value("last_scan_timestamp_seconds") > 0


def test_a_watcher_is_alive_ready_and_touches_its_heartbeat_file(watch: Watch) -> None:
    assert get(watch.port, "/livez") == (200, "ok\n")
    assert get(watch.port, "/readyz") == (200, "ok\n")
    assert (watch.beats / "watch").exists()


def test_every_line_of_the_log_is_a_json_event(watch: Watch) -> None:
    lines = [json.loads(line) for line in watch.log.read_text().splitlines()]

    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    by_event = {line["event"]: line for line in lines if "event" in line}
    assert by_event["delivered"]["key"] == "good.pdf"
    assert by_event["refused"]["code"] == "empty"


def test_a_watcher_that_cannot_scan_its_inbox_is_alive_and_not_ready(
    folder_fleet: Lab, tmp_path: Path
) -> None:
    with running(folder_fleet, tmp_path) as watch:
        wait_until(lambda: get(watch.port, "/readyz")[0] == 200)

        watch.inbox.rmdir()

        wait_until(lambda: get(watch.port, "/readyz")[0] == 503)
        assert "waits for a scan of the inbox" in get(watch.port, "/readyz")[1]
        assert get(watch.port, "/livez") == (200, "ok\n")
        wait_until(lambda: watch.errors() > 0)
        watch.process.send_signal(signal.SIGTERM)
        assert watch.process.wait(20) == 0
    assert get(watch.port, "/livez")[0] == 0
