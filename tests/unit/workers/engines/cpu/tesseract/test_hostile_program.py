"""A program tesseract that misbehaves costs its lines, and leaves no process behind."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shared.domain.errors import EngineFailed
from tests.support.fleets.fleet import wait_until
from workers.engines.cpu.tesseract.installation import Installation
from workers.engines.cpu.tesseract.words import read_words

LINE = np.full((40, 300, 3), 255, np.uint8)


def installed(folder: Path, script: str) -> Installation:
    """A program that runs ``script``."""
    file = folder / "tesseract"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return Installation(str(file), "5.3.0", frozenset({"rus"}))


def table(left: str = "1", width: str = "5", score: str = "90") -> str:
    return "\t".join(["5", "1", "1", "1", "1", "1", left, "1", width, "5", score, "мост"])


@pytest.mark.parametrize(
    "row",
    [
        table(left="x"),
        table(left="9" * 5000),
        table(left="9" * 400),
        table(width="-9999999"),
        table(score="inf"),
        table(score="nan"),
        table(score="1e308"),
    ],
    ids=lambda row: row[:40],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path: Path, row: str) -> None:
    (tmp_path / "answer").write_text(row)

    with pytest.raises(EngineFailed):
        read_words(installed(tmp_path, f"cat {tmp_path}/answer"), "rus", [LINE])


def test_output_without_end_is_cut(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed):
        installed(tmp_path, "exec cat /dev/zero").run([], b"", 60.0)


def alive(file: Path) -> bool:
    try:
        state = Path(f"/proc/{int(file.read_text())}/stat").read_text().split()[2]
    except OSError:
        return False
    return state != "Z"


def test_what_a_script_has_started_ends_at_the_time_limit(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    slow = installed(tmp_path, f"sleep 100 & echo $! > {pid}; wait")

    with pytest.raises(EngineFailed):
        slow.run([], b"", 0.5)

    wait_until(lambda: not alive(pid), 10)


def test_the_program_ends_with_the_process_that_reads(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    slow = installed(tmp_path, f"echo $$ > {pid}; exec sleep 100")
    call = f"{Installation.__module__} import Installation"
    code = f"from {call}; Installation({slow.program!r}, '5', frozenset()).run([], b'', 90.0)"
    reader = subprocess.Popen([sys.executable, "-c", code])
    wait_until(lambda: pid.exists() and pid.read_text())

    os.kill(reader.pid, signal.SIGKILL)
    reader.wait()

    wait_until(lambda: not alive(pid), 10)
