"""The page ``docs/development/add-a-watch-trigger.md`` works as it is written."""

import json
import re
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fleets.fleet import BIN, environment, wait_until
from tests.support.fleets.watch_lab import Lab, document, start_watch
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "development" / "add-a-watch-trigger.md"
PACKAGES = ("producer", "shared", "workers")
_CREATE = re.compile(r"^Create `([^`]+)`:\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INSERT = re.compile(
    r"^In `([^`]+)`, after the line\s`([^`]+)`:\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_CONSOLE = re.compile(r"^```console\n\$ (.*)\n(.*)\n```$", re.MULTILINE)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with the trigger of the page."""
    root = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    text = PAGE.read_text()
    ((file, code),) = _CREATE.findall(text)
    (root / file).write_text(code)
    ((file, line, code),) = _INSERT.findall(text)
    before, after = (root / file).read_text().split(f"\n{line}\n")
    (root / file).write_text(f"{before}\n{line}\n{code}{after}")
    return root


@pytest.fixture
def lab(folder_fleet: Lab) -> Lab:
    """A new inbox in moto's bucket."""
    return replace(folder_fleet, root=f"trigger-{time.monotonic_ns()}")


def delivered(log: Path) -> list[str]:
    """Keys of the delivered documents in the log of a watcher."""
    lines = log.read_text().splitlines() if log.exists() else []
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return [event["key"] for event in events if event["event"] == "delivered"]


def test_the_trigger_of_the_page_reports_keys_to_a_watcher(
    lab: Lab, tree: Path, tmp_path: Path
) -> None:
    keys, log = tmp_path / "keys.txt", tmp_path / "watch.log"
    keys.touch()
    lab.drop("scanned.pdf", document("scanned"))
    options = ("--key-file", str(keys), "--period", "3600", "--settle", "0")
    watcher = start_watch(lab.settings, lab.inbox, *options, log=log, tree=tree)
    try:
        wait_until(lambda: delivered(log) == ["scanned.pdf"], 120)
        lab.drop("by key file.pdf", document("by key file"))
        with keys.open("a", encoding="utf-8") as file:
            file.write("not there.pdf\nby key")
            file.flush()
            file.write(" file.pdf\n")
        wait_until(lambda: "by key file.pdf" in delivered(log), 120)
    finally:
        watcher.terminate()
        watcher.wait(30)
    assert watcher.returncode == 0
    assert "by key file.pdf.md" in lab.keys("outbox")


def test_the_help_of_the_command_shows_the_option_of_the_page(lab: Lab, tree: Path) -> None:
    ((command, shown),) = _CONSOLE.findall(PAGE.read_text())
    program, *words = command.split()
    variables = {**environment(lab.settings), "PYTHONPATH": str(tree)}

    help_text = subprocess.run(
        [BIN / program, *words], env=variables, capture_output=True, text=True, check=True
    ).stdout

    assert shown in help_text


def test_the_trigger_of_the_page_refuses_a_missing_file(
    lab: Lab, tree: Path, tmp_path: Path
) -> None:
    log = tmp_path / "watch.log"
    watcher = start_watch(lab.settings, lab.inbox, "--key-file", "missing", log=log, tree=tree)

    assert watcher.wait(120) == 2
    assert "create it first" in log.read_text()
