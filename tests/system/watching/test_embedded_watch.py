"""``pagefleet watch`` where no broker is configured runs the whole fleet on this machine."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.config.settings import Settings
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import BIN, environment, pdf, processes_of, wait_until

PAGES = 12


@contextmanager
def watching(config: Settings, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """The command, in a folder with an inbox; killed at the end of the block."""
    command = [str(BIN / "pagefleet"), "watch", "inbox", "--to", "outbox", "--settle", "0"]
    with subprocess.Popen(
        [*command, "--period", "1"], env=environment(config), cwd=folder,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(autouse=True)
def inbox(tmp_path: Path) -> None:
    """The inbox exists before the command starts."""
    (tmp_path / "inbox").mkdir(exist_ok=True)


def results(folder: Path) -> list[str]:
    """The Markdown of the outbox."""
    return [path.read_text() for path in (folder / "outbox").rglob("*.md")]


def test_a_dropped_file_is_converted_and_ctrl_c_ends_every_process(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings(engine="fake", num_workers=1)
    pdf((tmp_path / "inbox" / "a.pdf"), 1)

    with watching(config, tmp_path) as process:
        wait_until(lambda: bool(results(tmp_path)), 60)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr is not None
        lines = process.stderr.read().splitlines()

    assert lines[0] == "no broker is configured: starting one, and engine fake, on this machine"
    wait_until(lambda: not processes_of(config), 10)


def test_a_document_that_was_half_read_when_the_command_was_killed_is_finished_by_the_next(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    values = {"engine": "fake", "num_workers": 1, "max_concurrency": 1, "fake_journal": journal}
    config = settings(**values, fake_latency_ms=300, fake_render=False)
    pdf(tmp_path / "inbox" / "a.pdf", PAGES)
    with watching(config, tmp_path) as process:
        wait_until(lambda: journal.exists() and journal.read_text().count("\n") >= 3, 60)
        os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not processes_of(config), 20)
    assert results(tmp_path) == []

    with watching(config, tmp_path):
        wait_until(lambda: bool(results(tmp_path)), 60)

    (markdown,) = results(tmp_path)
    assert markdown.count("<!-- page") == PAGES


def test_workers_that_cannot_start_end_the_watch_with_their_error(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings(engine="vllm")  # which is not installed here

    with watching(config, tmp_path) as process:
        status = process.wait(60)
        assert process.stderr is not None
        message = process.stderr.read().splitlines()[-1]

    assert status == 2
    assert message.startswith("error[")
    assert "vllm" in message
