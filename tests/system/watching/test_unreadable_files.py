"""Files that the user of the watcher may not read are refused, and delay no other file."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleets.fleet import BIN, environment
from tests.support.fleets.watch_lab import Lab, document
from tests.support.other_user import exec_without_root_rights

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="drops capabilities of Linux")

FILES = 40


@pytest.fixture
def lab(folder_fleet: Lab) -> Lab:
    return replace(folder_fleet)


def once(lab: Lab, inbox: Path, *words: str) -> Sequence[dict[str, Any]]:
    """The events of ``pagefleet watch --once`` without the rights of root."""
    command = [str(BIN / "pagefleet"), "watch", str(inbox), "--once", "--json", "--settle", "0"]
    ended = subprocess.run(
        [*command, *words],
        env=environment(lab.settings),
        preexec_fn=exec_without_root_rights,
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_unreadable_files_are_refused_with_a_reason(lab: Lab, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number in range(FILES):
        (inbox / f"closed{number}.pdf").write_bytes(document("closed"))
        (inbox / f"closed{number}.pdf").chmod(0)
    (inbox / "open.pdf").write_bytes(document("open among closed ones"))

    events = once(lab, inbox)

    refused = {each["key"] for each in events if each["event"] == "refused"}
    delivered = {each["key"] for each in events if each["event"] == "delivered"}
    assert refused == {f"closed{number}.pdf" for number in range(FILES)}
    assert delivered == {"open.pdf"}
    status = json.loads((tmp_path / "outbox" / "closed0.pdf.status.json").read_text())
    assert os.strerror(13) in status["error"]["message"]
